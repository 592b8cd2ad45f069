/**
 * Loaded by `--import` into every thread of a broker under test: kills the whole process at the operation on files that
 * `KILL_AT=point:count` names, counted in each thread; or when whoever started it is gone.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** What a partition thread does to files, by the moment that it belongs to. */
export const killPoints = {
  roll: 'openSync',
  behindRoll: 'openSync',
  write: 'writevSync',
  checkpoint: 'renameSync',
  directory: 'mkdirSync',
  cut: 'ftruncateSync',
  sync: 'fsyncSync',
} as const;

export type KillPoint = keyof typeof killPoints;

const calls = fs as unknown as Record<string, (...words: unknown[]) => unknown>;

/** Puts `wrap` around a call of node:fs. */
function around(name: string, wrap: (call: () => unknown, words: unknown[]) => unknown): void {
  const call = calls[name]!;
  calls[name] = (...words) => wrap(() => call(...words), words);
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Not a partition's first. */
function isNextSegment([path, mode]: unknown[]): boolean {
  return mode === 'w+' && /[1-9]\d*\.log$/.test(String(path));
}

function dieAt(point: KillPoint, count: number): void {
  const name = killPoints[point];
  let left = count;
  around(name, (call, words) => {
    if (name !== 'openSync' || isNextSegment(words)) left--;
    if (left !== 0) return call();
    // Every second time the operation is done first.
    if (count % 2 === 0) die();
    const result = call();
    die();
    return result;
  });
}

/** At the first write into a new segment, while the one before it is not synced. */
function dieBehindRoll(count: number): void {
  let left = count;
  let segment: unknown = null;
  around('openSync', (call, words) => {
    const fd = call();
    if (isNextSegment(words) && --left === 0) segment = fd;
    return fd;
  });
  around('writevSync', (call, [fd]) => {
    const result = call();
    if (fd === segment) die();
    return result;
  });
}

const [point = '', count = '0'] = (process.env['KILL_AT'] ?? '').split(':');
if (point in killPoints) {
  if (point === 'behindRoll') dieBehindRoll(Number(count));
  else dieAt(point as KillPoint, Number(count));
  syncBuiltinESMExports();
}
if (isMainThread) process.on('disconnect', die);
