import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../../engine/config/load.js';
import { SettingsError } from '../../../engine/config/mistakes.js';
import { settingNames, settingOf } from '../../../engine/config/schema.js';
import fc from '../../fast-check.js';

/** Texts that are more often YAML than chance would have it. */
const yamlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '&a',
        '*a',
        '- ',
        '? ',
        ': ',
        '{',
        '}',
        '[',
        ']',
        '|',
        '>',
        '!!set',
        '%',
        '\n',
      ),
      fc.constantFrom(...settingNames).map((name) => `\n${name}: `),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

t.test('whatever a file holds, it is settings or mistakes with a line', async (t) => {
  const file = join(t.testdir({}), 'any.yaml');
  const property = fc.asyncProperty(yamlText, async (text) => {
    writeFileSync(file, text);
    const loaded = await loadSettings({ file }).catch((error: unknown) => error);
    if (!(loaded instanceof SettingsError)) return 'settings' in (loaded as object);
    return loaded.mistakes.every(({ where, message }) => where !== '' && message !== '');
  });
  await fc.assert(property, { numRuns: 300 });
});

t.test('whatever a value is, a kind takes it or says what it should be', async () => {
  const property = fc.property(fc.constantFrom(...settingNames), fc.anything(), (name, raw) => {
    const parsed = settingOf(name).kind.parse(raw);
    return 'value' in parsed || parsed.problem.length > 0;
  });
  fc.assert(property, { numRuns: 3000 });
});

t.test('a mapping whose toString is not a function is what it should not be', async (t) => {
  for (const name of settingNames) {
    const parsed = settingOf(name).kind.parse({ toString: false });
    t.match(parsed, { problem: /not a mapping|must/ }, name);
  }
});

t.test('what a kind takes it prints in a form that it takes again', async () => {
  const property = fc.property(
    fc.constantFrom(...settingNames),
    fc.oneof(fc.integer(), fc.boolean(), fc.double(), fc.string(), fc.constant('P://[::1]:1')),
    (name, raw) => {
      const { kind } = settingOf(name);
      const parsed = kind.parse(raw);
      if ('problem' in parsed) return true;
      const again = kind.parse(kind.format(parsed.value));
      return 'value' in again && kind.format(again.value) === kind.format(parsed.value);
    },
  );
  fc.assert(property, { numRuns: 3000 });
});
