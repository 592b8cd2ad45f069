import t, { type Test } from 'tap';
import type { EntryFormat } from '../../../../workers/format/entry-encoder.js';
import { conformance } from '../conformance.js';
import type { OpenedLog } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { openFakeLog } from './open-fake-log.js';

for (const entryFormat of ['kafka', 'mixed_kafka', 'pulsar'] satisfies EntryFormat[]) {
  t.test(`over a fake broker, in ${entryFormat}`, async (t) => {
    conformance(t, async (t: Test) => {
      const topic = await FakeTopic.start(t);
      const open = async (): Promise<OpenedLog> => {
        const log = await openFakeLog(t, topic, { config: { entryFormat } });
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
