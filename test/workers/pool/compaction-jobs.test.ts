import { rmSync } from 'node:fs';
import t from 'tap';
import { recordCount } from '../../../engine/protocol/kafka/record-batch.js';
import { CompactionJobs } from '../../../workers/pool/compaction-jobs.js';
import { logDir, openTestLog, syncer } from '../log/embedded/open-test-log.js';
import { flushed, readAll } from '../log/read-log.js';
import { append } from '../log/session.js';

const jobs = new CompactionJobs();
t.teardown(async () => {
  await jobs.close();
  syncer.close();
});

async function filled(dir: string) {
  const config = { segmentBytes: 2_000, cleanupCompact: true, minCleanableDirtyRatio: 0 };
  const { log } = await openTestLog({ dir, config });
  for (let i = 0; i < 200; i++) append(log, [{ key: `k${i % 10}`, value: `v${i}` }]);
  await flushed(log);
  return log;
}

t.test('a thread of its own compacts what a log plans', async (t) => {
  const log = await filled(logDir(t.testdir()));
  const plan = log.planCompaction(Date.now(), log.stableEndOffset);
  if (plan === null) throw new Error('nothing to compact');
  const before = readAll(log);
  const result = await jobs.run(plan);
  t.same(readAll(log), before, 'nothing changes before the log takes it');
  log.applyCompaction(plan, result);
  const active = before.filter((batch) => batch[7]! >= plan.endOffset).length;
  // Empty batches span the offsets whose records are gone.
  const left = readAll(log).filter((batch) => recordCount(batch, 0) > 0);
  t.equal(left.length, 10 + active);
  await log.close();
});

t.test('a job that fails says why, and the thread goes on', async (t) => {
  const root = t.testdir();
  const dir = logDir(root);
  const log = await filled(dir);
  const plan = log.planCompaction(Date.now(), log.stableEndOffset);
  if (plan === null) throw new Error('nothing to compact');
  rmSync(`${dir}/00000000000000000000.log`);
  await t.rejects(jobs.run(plan), /ENOENT/);
  const other = await filled(`${root}/t-1`);
  const otherPlan = other.planCompaction(Date.now(), other.stableEndOffset);
  t.match(await jobs.run(otherPlan!), { keys: 10 });
  await log.close();
  await other.close();
});
