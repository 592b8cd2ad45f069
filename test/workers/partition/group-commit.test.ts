import t from 'tap';
import type { Log } from '../../../workers/log/log.js';
import { GroupCommit } from '../../../workers/partition/group-commit.js';

const intervalMs = 10_000;

t.test('a clock that is set back does not put the background sync off', (t) => {
  let flushes = 0;
  const log = { logEndOffset: 1, stableEndOffset: 0, flush: () => flushes++ } as unknown as Log;
  const ignore = () => {};
  const ports = { stable: ignore, commit: ignore, fault: ignore, fail: ignore };
  const startMs = 1_700_000_000_000;
  const early = new GroupCommit(log, false, startMs, ports);
  early.tick(startMs + intervalMs - 1);
  t.equal(flushes, 0);
  early.tick(startMs + intervalMs);
  t.equal(flushes, 1);
  const setBack = new GroupCommit(log, false, startMs, ports);
  setBack.tick(startMs - 1);
  t.equal(flushes, 2);
  t.end();
});
