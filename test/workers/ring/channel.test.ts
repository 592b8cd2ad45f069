import t from 'tap';
import { allocateBells } from '../../../workers/ring/bell.js';
import { Channel, type Completable, type Completion } from '../../../workers/ring/channel.js';
import { allocateRing } from '../../../workers/ring/ring.js';
import { Op, SubmitFlag } from '../../../workers/ring/slots.js';
import { WorkerEnd } from '../../../workers/ring/worker-end.js';

function pair(slots: number): { channel: Channel; worker: WorkerEnd } {
  const memory = {
    submissions: allocateRing(slots),
    completions: allocateRing(slots),
    replies: new SharedArrayBuffer(1024),
  };
  const channel = new Channel(0, memory, new Int32Array(allocateBells(1)));
  return { channel, worker: new WorkerEnd(memory) };
}

/** Records every completion: index and base offset, or the error. */
class Recorder implements Completable {
  readonly seen: [index: number, errorCode: number, baseOffset: number][] = [];

  completed(index: number, completion: Completion): void {
    this.seen.push([index, completion.errorCode, completion.baseOffset]);
  }
}

t.test('carries every field there and back', (t) => {
  const { channel, worker } = pair(8);
  const owner = new Recorder();
  channel.append(7, 3, 4096, 100, -1, true, owner, 42);
  const append = worker.take();
  t.match(append, {
    op: Op.append,
    slot: 7,
    generation: 3,
    start: 4096,
    sizeBytes: 100,
    flags: SubmitFlag.internal,
  });
  worker.complete(append?.token ?? -1, 0, -1, 0, false, 2 ** 40, -1, 0);
  channel.read(7, 3, 2 ** 41, 500, SubmitFlag.atLeastOneBatch, owner, 43);
  const read = worker.take();
  t.match(read, { op: Op.read, offset: 2 ** 41, maxBytes: 500, flags: SubmitFlag.atLeastOneBatch });
  worker.complete(read?.token ?? -1, 1, -1, 0, false, -1, -1, -1);
  channel.drain();
  t.strictSame(owner.seen, [
    [42, 0, 2 ** 40],
    [43, 1, -1],
  ]);
  t.end();
});

t.test('holds back what finds no slot, in order, and answers each once', (t) => {
  const { channel, worker } = pair(4);
  const owner = new Recorder();
  for (let index = 0; index < 50; index++) channel.append(1, 1, index, 1, -1, false, owner, index);
  t.equal(channel.outstanding, 50);
  const order: number[] = [];
  while (owner.seen.length < 50) {
    for (let taken = worker.take(); taken !== null; taken = worker.take()) {
      order.push(taken.start);
      worker.complete(taken.token, 0, -1, 0, false, taken.start, -1, -1);
    }
    channel.drain();
  }
  t.strictSame(
    order,
    Array.from({ length: 50 }, (_, index) => index),
  );
  t.equal(channel.outstanding, 0);
  t.end();
});

t.test('a hundred thousand that are held back cost no more than their number', (t) => {
  const { channel, worker } = pair(4);
  const owner = new Recorder();
  const count = 100_000;
  for (let index = 0; index < count; index++) channel.read(1, 1, index, 1, 0, owner, index);
  while (owner.seen.length < count) {
    for (let taken = worker.take(); taken !== null; taken = worker.take()) {
      worker.complete(taken.token, 0, -1, 0, false, -1, -1, -1);
    }
    // Looking at each that waits, as often as this is called, would take hours.
    channel.drain();
  }
  t.ok(owner.seen.every(([index], at) => index === at));
  t.end();
});

t.test('releases that fill the ring hold nothing back for ever', async (t) => {
  const { channel, worker } = pair(4);
  const owner = new Recorder();
  for (let start = 0; start < 5; start++) channel.release(start);
  channel.append(1, 1, 0, 1, -1, false, owner, 7);
  const taken: number[] = [];
  // A worker answers no release, so that no completion tells main to try again.
  for (let turn = 0; turn < 10 && !taken.includes(Op.append); turn++) {
    for (let next = worker.take(); next !== null; next = worker.take()) taken.push(next.op);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.strictSame(taken, [...new Array(5).fill(Op.release), Op.append]);
});

t.test(
  'a dead worker: what it completed counts, the rest fails once, later ones as well',
  async (t) => {
    const { channel, worker } = pair(4);
    const owner = new Recorder();
    for (let index = 0; index < 6; index++) channel.append(1, 1, index, 1, -1, false, owner, index);
    const first = worker.take();
    worker.complete(first?.token ?? -1, 0, -1, 0, false, 77, -1, -1);
    channel.fail();
    channel.append(1, 1, 6, 1, -1, false, owner, 6);
    channel.release(0);
    await Promise.resolve();
    t.strictSame(
      owner.seen.toSorted((a, b) => a[0] - b[0]),
      [
        [0, 0, 77],
        [1, 6, -1],
        [2, 6, -1],
        [3, 6, -1],
        [4, 6, -1],
        [5, 6, -1],
        [6, 6, -1],
      ],
    );
  },
);

t.test('a token that is answered twice is a defect that shows', (t) => {
  const { channel, worker } = pair(4);
  const owner = new Recorder();
  channel.append(1, 1, 0, 1, -1, false, owner, 0);
  const token = worker.take()?.token ?? -1;
  worker.complete(token, 0, -1, 0, false, 0, -1, -1);
  worker.complete(token, 0, -1, 0, false, 0, -1, -1);
  t.throws(() => channel.drain(), /twice/);
  t.end();
});
