/**
 * Loaded by `--import` into every thread of a broker under test: makes one partition thread die in the way that the
 * parent process asks for over IPC. Nothing of it is in the broker itself.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/** The ways to die. */
export type Death = 'throw' | 'exit' | 'heap' | 'write';

interface Order {
  readonly thread: number;
  readonly death: Death;
}

function exhaustHeap(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(1_000_000).fill(kept.length));
}

let dieInWrite = false;

/** A vectored write that, once told so, puts half of its bytes into the file and takes the thread with it. */
function mortalWrite(): void {
  const { writevSync } = fs;
  fs.writevSync = (fd, views, position) => {
    if (!dieInWrite) return writevSync(fd, views, position);
    const whole = Buffer.concat(views as Uint8Array[]);
    fs.writeSync(fd, whole, 0, whole.length >> 1, position ?? null);
    return process.exit(9);
  };
  syncBuiltinESMExports();
}

const orders = new BroadcastChannel('kopje-crash-orders');
const present = new BroadcastChannel('kopje-crash-present');

if (isMainThread) {
  const threads: number[] = [];
  present.onmessage = (event) => threads.push((event as { data: number }).data);
  process.on('message', (death: Death) => {
    const thread = threads.shift();
    if (thread !== undefined) orders.postMessage({ thread, death } satisfies Order);
  });
} else {
  mortalWrite();
  present.postMessage(threadId);
  orders.onmessage = (event) => {
    const { thread, death } = (event as { data: Order }).data;
    if (thread !== threadId) return;
    if (death === 'throw') throw new Error('a defect, for the test');
    if (death === 'exit') process.exit(7);
    if (death === 'heap') exhaustHeap();
    dieInWrite = true;
  };
}
orders.unref();
present.unref();
