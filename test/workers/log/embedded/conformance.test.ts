import t, { type Test } from 'tap';
import type { LogConfig } from '../../../../workers/log/log.js';
import { conformance, type OpenedLog } from '../conformance.js';
import { logDir, openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

/** Segments that hold everything, and segments of about a batch each: nobody must see the difference. */
const sizes: [string, Partial<LogConfig>][] = [
  ['one segment', {}],
  ['a segment a batch', { segmentBytes: 100, indexIntervalBytes: 0 }],
  ['few batches a segment', { segmentBytes: 400, indexIntervalBytes: 100 }],
];

for (const [name, config] of sizes) {
  t.test(name, async (t) => {
    conformance(t, async (t: Test) => {
      const dir = logDir(t.testdir());
      const open = async (recoveryPoint: number): Promise<OpenedLog> => {
        const { log } = await openTestLog({ dir, config, recoveryPoint });
        return {
          log,
          async reopen() {
            await log.close();
            return open(log.recoveryPoint);
          },
        };
      };
      return open(0);
    });
  });
}
