/**
 * Loaded by `--import` into every thread of the broker: on request all of them collect their garbage, so that what is
 * left is what is held. Nothing of it is in the broker itself.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/** Of the main thread; the process's other memory shows in its resident set. */
export interface HeapUse {
  readonly heapBytes: number;
  readonly externalBytes: number;
}

const rounds = 3;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const orders = new BroadcastChannel('kopje-soak-collect');
orders.onmessage = () => collect();
orders.unref();

if (isMainThread) {
  process.on('message', async () => {
    orders.postMessage(null);
    for (let round = 0; round < rounds; round++) {
      collect();
      // Finalizers and the callbacks of native handles run between turns.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ heapBytes: heapUsed, externalBytes: external } satisfies HeapUse);
  });
  // Who runs the soak was killed: nobody else would end the broker.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}
