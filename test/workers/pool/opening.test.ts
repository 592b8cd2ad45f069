/** What is asked of a partition while it is being opened waits for the end of that. */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WorkerPool } from '../../../workers/pool/pool.js';
import type { ControlRequest } from '../../../workers/ring/control.js';
import { buildBatch } from '../batch/build-batch.js';
import { logConfig } from '../batch/log-config.js';

/** So much is scanned in one turn at an opening; beyond it, other messages get theirs. */
const turnBytes = 16 * 2 ** 20;
const batchBytes = 2 ** 20;

/** A log that was not closed and takes several turns to recover. */
function fillLog(dataDir: string): void {
  const dir = join(dataDir, 'topic-0');
  mkdirSync(dir);
  const batch = buildBatch({ records: [{ value: 'x'.repeat(batchBytes) }] });
  const batches = Array.from({ length: turnBytes / batchBytes + 1 }, (_, offset) => {
    const copy = Buffer.from(batch);
    copy.writeBigInt64BE(BigInt(offset));
    return copy;
  });
  writeFileSync(join(dir, `${'0'.repeat(20)}.log`), Buffer.concat(batches));
}

function opening(generation: number): ControlRequest {
  return {
    kind: 'open',
    slot: 0,
    generation,
    topic: 'topic',
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    partition: 0,
    config: logConfig({}),
    create: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown: false,
  };
}

async function poolIn(dataDir: string): Promise<WorkerPool> {
  const ignore = () => {};
  const pool = new WorkerPool(
    {
      workers: 1,
      ringSlots: 64,
      replyBytesPerWorker: 2 ** 20,
      maxPartitions: 8,
      landing: new SharedArrayBuffer(2 ** 16),
      settings: {
        dataDir,
        storage: 'disk',
        durability: 'fsync',
        validateRecords: 'full',
        backend: { kind: 'embedded' },
        producerIdExpirationMs: 86_400_000,
        maxInflatedBytes: 2 ** 20,
      },
    },
    { down: ignore, up: ignore, notice: ignore, wake: ignore, exhausted: ignore },
  );
  await pool.start();
  return pool;
}

t.test('a partition that is deleted while it is opened leaves nobody behind', async (t) => {
  const dataDir = t.testdir({});
  fillLog(dataDir);
  const pool = await poolIn(dataDir);
  t.teardown(() => pool.close());
  const thread = pool.thread(0);
  const opened = thread.ask(opening(1));
  const closed = thread.ask({ kind: 'close', slot: 0, remove: true });
  await t.resolves(opened);
  await t.resolves(closed);
  await t.rejects(thread.ask({ kind: 'describe', slot: 0 }), /not open/);
  t.notOk(readdirSync(dataDir).includes('topic-0'));
});
