import t, { type Test } from 'tap';
import { MemoryDisk } from '../../../../workers/log/embedded/memory-disk.js';
import type { LogConfig } from '../../../../workers/log/log.js';
import { conformance } from '../conformance.js';
import type { OpenedLog } from '../session.js';
import { logDir, openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

/** Segments that hold everything, and segments of about a batch each: nobody must see the difference. */
const sizes: [string, Partial<LogConfig>][] = [
  ['one segment', {}],
  ['a segment a batch', { segmentBytes: 100, indexIntervalBytes: 0 }],
  ['few batches a segment', { segmentBytes: 400, indexIntervalBytes: 100 }],
  ['Pulsar entries', { entryFormat: 'pulsar' }],
  ['few entries a segment', { entryFormat: 'pulsar', segmentBytes: 900, indexIntervalBytes: 100 }],
];

function overDisk(t: Test, config: Partial<LogConfig>, diskOf: () => MemoryDisk | undefined): void {
  conformance(t, async (t: Test) => {
    const dir = logDir(t.testdir());
    const disk = diskOf();
    const open = async (recoveryPoint: number): Promise<OpenedLog> => {
      const { log } = await openTestLog({ dir, config, recoveryPoint, ...(disk && { disk }) });
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
}

for (const [name, config] of sizes) {
  t.test(name, async (t) => overDisk(t, config, () => undefined));
  t.test(`${name}, in memory`, async (t) => overDisk(t, config, () => new MemoryDisk()));
}
