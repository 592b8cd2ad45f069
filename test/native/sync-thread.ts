import { openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { createSyncer } from '../../native/index.js';

/**
 * Run as a thread. `once`: syncs a file once, closes nothing and should end by itself. `forever`:
 * keeps syncs under way until it is terminated.
 */
const { preference, path, mode } = workerData as {
  preference: 'addon' | 'fallback';
  path: string;
  mode: 'once' | 'forever';
};
const syncer = createSyncer(preference);
const fd = openSync(path, 'r+');

function again(errno: number): void {
  if (errno !== 0) throw new Error(`errno ${errno}`);
  if (mode === 'forever') syncer.sync(fd, again);
}

for (let i = 0; i < (mode === 'once' ? 1 : 20); i++) syncer.sync(fd, again);
parentPort?.postMessage('under way');
