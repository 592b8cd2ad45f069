import t, { type Test } from 'tap';
import type { EntryFormat } from '../../../../workers/format/entry-encoder.js';
import { conformance } from '../conformance.js';
import type { OpenedLog } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { openFakeLog } from './open-fake-log.js';

const writers = ['exclusive', 'shared'] as const;
const formats = ['kafka', 'mixed_kafka', 'pulsar'] satisfies EntryFormat[];

for (const [pulsarWriters, entryFormat] of writers.flatMap((mode) =>
  formats.map((format) => [mode, format] as const),
)) {
  t.test(`over a fake broker, ${pulsarWriters}, in ${entryFormat}`, async (t) => {
    conformance(t, async (t: Test) => {
      const topic = await FakeTopic.start(t);
      const open = async (): Promise<OpenedLog> => {
        const log = await openFakeLog(t, topic, { config: { entryFormat, pulsarWriters } });
        return {
          log,
          async reopen() {
            await log.close();
            return open();
          },
        };
      };
      return open();
    });
  });
}
