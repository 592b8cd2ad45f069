import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { ReplyQueue } from '../../../engine/reply/reply-queue.js';

/** A socket that keeps what is written and lets a test say when the kernel took it. */
class Wire extends EventEmitter {
  readonly written: string[] = [];
  readonly callbacks: (() => void)[] = [];
  corked = 0;
  ended = false;
  destroyed = false;

  cork(): void {
    this.corked++;
  }

  uncork(): void {
    this.corked--;
  }

  write(chunk: Uint8Array, callback?: () => void): boolean {
    this.written.push(Buffer.from(chunk).toString());
    if (callback) this.callbacks.push(callback);
    return true;
  }

  destroy(): void {
    this.destroyed = true;
  }

  destroySoon(): void {
    this.ended = true;
  }
}

function queueOn(): { wire: Wire; queue: ReplyQueue } {
  const wire = new Wire();
  return { wire, queue: new ReplyQueue(wire as unknown as Socket) };
}

const text = (value: string): Uint8Array[] => [Buffer.from(value)];

t.test('responses leave in request order, whenever they become ready', async (t) => {
  const { wire, queue } = queueOn();
  const [first, second, third] = [queue.reserve(), queue.reserve(), queue.reserve()];
  queue.fill(third, text('3'), null);
  await Promise.resolve();
  t.strictSame(wire.written, []);
  queue.fill(first, text('1'), null);
  await Promise.resolve();
  t.strictSame(wire.written, ['1']);
  queue.fill(second, text('2'), null);
  t.strictSame(wire.written, ['1'], 'one vectored write for all of a turn');
  await Promise.resolve();
  t.strictSame(wire.written, ['1', '2', '3']);
  t.equal(wire.callbacks.length, 2);
});

t.test('nothing is answered any more once that is not allowed', async (t) => {
  const wire = new Wire();
  let mayAnswer = true;
  const queue = new ReplyQueue(wire as unknown as Socket, null, () => mayAnswer);
  queue.fill(queue.reserve(), text('1'), null);
  await Promise.resolve();
  const [second, third] = [queue.reserve(), queue.reserve()];
  let given = 0;
  queue.fill(third, text('3'), () => given++);
  mayAnswer = false;
  queue.fill(second, text('2'), () => given++);
  t.strictSame(wire.written, ['1']);
  t.ok(wire.destroyed);
  queue.close();
  t.equal(given, 2, 'what was lent to them comes back');
});

t.test('acks=0 takes no place in the order', async (t) => {
  const { wire, queue } = queueOn();
  const [none, reply] = [queue.reserve(), queue.reserve()];
  queue.fill(reply, text('b'), null);
  queue.skip(none);
  await Promise.resolve();
  t.strictSame(wire.written, ['b']);
});

t.test('lent memory comes back from the write, not from the close', async (t) => {
  const { wire, queue } = queueOn();
  const given: string[] = [];
  const [written, waiting, late] = [queue.reserve(), queue.reserve(), queue.reserve()];
  queue.fill(written, text('abc'), () => given.push('written'));
  await Promise.resolve();
  queue.fill(late, text('never'), () => given.push('late'));
  t.equal(queue.unsentBytes, 3);
  queue.close();
  t.strictSame(given, ['late'], 'what was never handed to the socket comes back at once');
  queue.fill(waiting, text('gone'), () => given.push('after close'));
  t.strictSame(given, ['late', 'after close']);
  wire.callbacks[0]?.();
  t.strictSame(given, ['late', 'after close', 'written']);
  t.equal(queue.unsentBytes, 0);
});

t.test('what was ready and not yet written comes back at the close', async (t) => {
  const { wire, queue } = queueOn();
  let given = 0;
  queue.fill(queue.reserve(), text('abc'), () => given++);
  queue.close();
  t.equal(given, 1);
  await Promise.resolve();
  t.strictSame(wire.written, []);
  t.equal(given, 1);
});

t.test('a closing answer waits for the replies before it', (t) => {
  const { wire, queue } = queueOn();
  const [reply, bad] = [queue.reserve(), queue.reserve()];
  queue.disconnect(bad);
  t.equal(wire.ended, false);
  queue.fill(reply, text('a'), null);
  t.equal(wire.ended, true);
  t.strictSame(wire.written, ['a']);
  t.end();
});
