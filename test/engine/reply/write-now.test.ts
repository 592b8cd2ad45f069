/** Responses over a real socket, past its stream: every byte in order, whatever the reader does. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import t from 'tap';
import { ReplyQueue } from '../../../engine/reply/reply-queue.js';
import { socketPair } from './socket-pair.js';

t.test('small and large responses in turn keep their order at a slow reader', async (t) => {
  const { server, client } = await socketPair(t);
  const queue = new ReplyQueue(server);
  const source = randomBytes(12_000_000);
  // More than the kernel takes, several times, with small ones behind that find its buffer full.
  const sizes = [5, 100, 4_000_000, 7, 3_000_000, 1, 1, 2_000_000, 9, 80, 2_999_797];
  const sent: number[] = [];
  let start = 0;
  for (const [index, size] of sizes.entries()) {
    const half = start + Math.floor(size / 2);
    const chunks = [source.subarray(start, half), source.subarray(half, start + size)];
    queue.fill(queue.reserve(), chunks, () => sent.push(index));
    start += size;
    // Some leave together, the others in a turn of their own.
    if (index % 3 !== 0) await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(start, source.length);
  t.ok(sent.length < sizes.length, 'the peer has not read yet');
  const received: Buffer[] = [];
  let left = source.length;
  client.on('data', (chunk: Buffer) => {
    received.push(chunk);
    left -= chunk.length;
  });
  client.resume();
  while (left > 0) await once(client, 'data');
  t.ok(Buffer.concat(received).equals(source));
  while (sent.length < sizes.length) await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(
    sent,
    sizes.map((_, index) => index),
  );
  t.equal(queue.unsentBytes, 0);
  let isLastSent = false;
  queue.fill(queue.reserve(), [Buffer.from('after')], () => {
    isLastSent = true;
  });
  const [chunk] = (await once(client, 'data')) as [Buffer];
  t.equal(chunk.toString(), 'after');
  t.ok(isLastSent);
});

t.test('a socket that is broken ends, and gives back what it was lent', async (t) => {
  for (const isReset of [false, true]) {
    const { server, client } = await socketPair(t);
    const queue = new ReplyQueue(server);
    const closed = new Promise<void>((resolve) => {
      server.on('close', () => {
        queue.close();
        resolve();
      });
    });
    let given = 0;
    let filled = 0;
    const fill = (): void => {
      filled++;
      queue.fill(queue.reserve(), [randomBytes(3_000_000)], () => given++);
    };
    fill();
    await new Promise((resolve) => setImmediate(resolve));
    fill();
    if (isReset) client.resetAndDestroy();
    else client.destroy();
    fill();
    await closed;
    fill();
    while (given < filled) await new Promise((resolve) => setImmediate(resolve));
    t.equal(given, filled);
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(given, filled, 'and each once');
  }
});
