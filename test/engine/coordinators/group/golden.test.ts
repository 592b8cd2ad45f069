import { readFile } from 'node:fs/promises';
import t from 'tap';
import { readyFixture } from './coordinator-fixture.js';
import { handlers } from './handlers.js';
import { type Exchanged, INITIAL_DELAY_MS, runScenario } from './scenario.js';

const answers = new URL('../../../../../test/golden/groups/answers.json', import.meta.url);

t.test('answers as Kafka 4.3.1 does, field by field', async (t) => {
  const fixture = await readyFixture({ groupInitialRebalanceDelayMs: INITIAL_DELAY_MS });
  const topic = { name: 'golden-groups', id: 'AAAAAAAAAAAAAAAAAAAABQ' };
  const expected = JSON.parse(await readFile(answers, 'utf8')) as Exchanged[];
  const actual = await runScenario({
    ask: handlers(fixture, { current: topic }),
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed += INITIAL_DELAY_MS) {
        fixture.pass(Math.min(ms - passed, INITIAL_DELAY_MS));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    topic,
  });
  t.same(
    actual.map(({ step }) => step),
    expected.map(({ step }) => step),
  );
  for (const [i, { step, answer }] of actual.entries()) {
    t.strictSame(answer, expected[i]?.answer, `${i}: ${step}`);
  }
  await fixture.coordinator.close();
});
