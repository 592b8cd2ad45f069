/**
 * Loaded by `--import` into every thread of a broker under test: kills the whole process just before or after the
 * operation on files that `KILL_AT=operation:count` names, counted in each thread; or when whoever started it is gone.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** What a partition thread does to files, by the moment that it belongs to. */
export const killPoints = {
  roll: 'openSync',
  write: 'writevSync',
  checkpoint: 'renameSync',
  directory: 'mkdirSync',
  cut: 'ftruncateSync',
  sync: 'fsyncSync',
} as const;

export type KillPoint = keyof typeof killPoints;

const [point = '', count = '0'] = (process.env['KILL_AT'] ?? '').split(':');
const name = killPoints[point as KillPoint];
if (name !== undefined) {
  const calls = fs as unknown as Record<string, (...words: unknown[]) => unknown>;
  const call = calls[name]!;
  let left = Number(count);
  calls[name] = (...words) => {
    // Only files that are made: reading ones are opened everywhere.
    if (name === 'openSync' && words[1] !== 'w+') return call(...words);
    left--;
    // Every second time the operation is done first.
    if (left === 0 && Number(count) % 2 === 0) process.kill(process.pid, 'SIGKILL');
    const result = call(...words);
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    return result;
  };
  syncBuiltinESMExports();
}

if (isMainThread) process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
