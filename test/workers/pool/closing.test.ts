/** A pool closes whichever of a thread's last two messages comes first: its answer or its end. */

import t from 'tap';
import { WorkerFailure } from '../../../workers/pool/partition-thread.js';
import { type PoolEvents, WorkerPool } from '../../../workers/pool/pool.js';
import type { WorkerSettings } from '../../../workers/ring/control.js';

/** Before the fix, about one closing in three did not end. */
const closings = 12;

function poolOf(settings: WorkerSettings, events: PoolEvents): WorkerPool {
  const options = {
    workers: 2,
    ringSlots: 64,
    replyBytesPerWorker: 2 ** 20,
    maxPartitions: 8,
    landing: new SharedArrayBuffer(2 ** 16),
    settings,
  };
  return new WorkerPool(options, events);
}

function settingsIn(dataDir: string): WorkerSettings {
  return {
    dataDir,
    storage: 'disk',
    durability: 'fsync',
    validateRecords: 'full',
    backend: { kind: 'embedded' },
    producerIdExpirationMs: 86_400_000,
    maxInflatedBytes: 2 ** 20,
  };
}

t.test('closing a pool always ends', async (t) => {
  const settings = settingsIn(t.testdir({}));
  const deaths: unknown[] = [];
  const events = {
    down: (_worker: number, reason: unknown) => deaths.push(reason),
    up: () => {},
    notice: () => {},
    wake: () => {},
    exhausted: () => {},
  };
  for (let closing = 0; closing < closings; closing++) {
    const pool = poolOf(settings, events);
    await pool.start();
    t.equal(await pool.close(), true);
  }
  t.same(deaths, [], 'no thread was taken for dead');
});

t.test('who asks a thread that was stopped is told so', async (t) => {
  const ignore = () => {};
  const events = { down: ignore, up: ignore, notice: ignore, wake: ignore, exhausted: ignore };
  const pool = poolOf(settingsIn(t.testdir({})), events);
  await pool.start();
  const thread = pool.thread(0);
  const closed = pool.close();
  const behind = thread.ask({ kind: 'describe', slot: 0 });
  await t.rejects(behind, WorkerFailure);
  await closed;
  const late = thread.ask({ kind: 'describe', slot: 0 });
  await t.rejects(late, new WorkerFailure(6, 'the partition thread ended'));
});

t.test('a pool whose threads are dead closes too, and says so', async (t) => {
  // A function cannot be sent to a thread, so that no thread ever begins.
  const settings = { ...settingsIn('nowhere'), maxInflatedBytes: (() => 0) as never };
  let deaths = 0;
  const pool = poolOf(settings, {
    down: () => deaths++,
    up: () => {},
    notice: () => {},
    wake: () => {},
    exhausted: () => {},
  });
  await t.rejects(pool.start());
  await t.rejects(
    pool.thread(0).ask({ kind: 'describe', slot: 0 }),
    new WorkerFailure(6, 'the partition thread ended'),
  );
  t.equal(await pool.close(), false);
  t.ok(deaths >= 2, 'both were reported');
});
