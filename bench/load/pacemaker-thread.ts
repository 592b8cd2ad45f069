/** The thread of a pacemaker: a message for each tick, on time. */
import { parentPort, workerData } from 'node:worker_threads';
import type { PaceOrder } from './pacemaker.js';

const { perSecond } = workerData as PaceOrder;
const intervalMs = 1_000 / perSecond;
const never = new Int32Array(new SharedArrayBuffer(4));

for (let dueMs = performance.now(); ; dueMs += intervalMs) {
  const waitMs = dueMs - performance.now();
  if (waitMs > 0) Atomics.wait(never, 0, 0, waitMs);
  parentPort?.postMessage(null);
}
