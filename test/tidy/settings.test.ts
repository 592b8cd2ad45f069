import t from 'tap';
import { type SettingName, settingNames, settingOf } from '../../engine/config/schema.js';
import { topicConfigTable } from '../../engine/config/topic-config-table.js';
import { sourceFiles } from './sources.js';

/** Where settings are declared, compared and shown, which is not yet to obey them. */
const declarations = /^engine\/config\/(areas\/|consistency|topic-config-table|described-config)/;
const texts = sourceFiles()
  .filter(({ path }) => /^(engine|workers)\//.test(path) && !declarations.test(path))
  .map(({ text }) => text);
const words = new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));
const members = new Set(texts.flatMap((text) => text.match(/\bsettings\.\w+/g) ?? []));
const throughTopics = new Set<SettingName | undefined>(
  [...topicConfigTable.values()].map(({ setting }) => setting),
);

t.test('a setting is obeyed somewhere, or says that it has no effect', async (t) => {
  for (const name of settingNames) {
    if (settingOf(name).hasEffect === false) {
      t.notOk(members.has(`settings.${name}`), name);
    } else {
      t.ok(throughTopics.has(name) || words.has(name), name);
    }
  }
});

t.test('a topic config with effect is read where the log of a topic is configured', async (t) => {
  const text = sourceFiles().find(({ path }) => path === 'engine/config/topic-configs.ts')?.text;
  for (const { name, hasEffect } of topicConfigTable.values()) {
    // The level is named after the codec there.
    const isLevel = /^compression\..*\.level$/.test(name);
    const isRead = isLevel || text?.includes(`'${name}'`) === true;
    if (name !== 'remote.storage.enable') t.equal(isRead, hasEffect, name);
  }
});
