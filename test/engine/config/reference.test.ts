import t from 'tap';
import { writeReference } from '../../../engine/config/reference.js';
import { settingNames, settingOf } from '../../../engine/config/schema.js';
import { environmentName, readEnvironment } from '../../../engine/config/sources.js';

t.test('the generated references are up to date', async (t) => {
  const root = new URL('../../../../', import.meta.url);
  t.strictSame(writeReference(root, true), [], 'run node dist/engine/config/reference.js');
});

t.test('every setting says what it means, and its variable leads back to it', async (t) => {
  for (const name of settingNames) {
    t.match(settingOf(name).summary, /^[A-Z].{20,}\.$/s, name);
    const { values } = readEnvironment({ [environmentName(name)]: '1' });
    t.equal(values[0]?.name, name);
  }
});

t.test('every default passes the check of its kind', async (t) => {
  const { defaultSettings } = await import('../../../engine/config/schema.js');
  const settings = defaultSettings();
  for (const name of settingNames) {
    const { kind } = settingOf(name);
    const parsed = kind.parse(kind.format(settings[name]));
    t.strictSame(parsed, { value: settings[name] }, name);
  }
});
