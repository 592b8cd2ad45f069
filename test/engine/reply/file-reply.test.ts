/** Responses from files over a real socket: every byte in order, whatever the reader does. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { socketFd } from '../../../engine/listen/accepted-socket.js';
import { ReplyQueue } from '../../../engine/reply/reply-queue.js';
import { SegmentFiles } from '../../../engine/reply/segment-files.js';
import { loadFileSender } from '../../../native/index.js';
import { socketPair } from './socket-pair.js';

const sender = loadFileSender();
const skip = sender === null ? 'needs the addon and Linux' : false;
const name = { topic: 't', partition: 0 };
const segmentBytes = 12_000_000;

/** A data directory with one segment of random bytes. */
function segmentIn(dataDir: string): { bytes: Buffer; inode: number; path: string } {
  const bytes = randomBytes(segmentBytes);
  mkdirSync(join(dataDir, 't-0'), { recursive: true });
  const path = join(dataDir, 't-0', '00000000000000000000.log');
  writeFileSync(path, bytes);
  return { bytes, inode: statSync(path).ino, path };
}

function sha(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

t.test('memory and file ranges arrive in order, at a reader of any speed', { skip }, async (t) => {
  const dataDir = t.testdir();
  const { bytes, inode } = segmentIn(dataDir);
  const files = new SegmentFiles(dataDir, Date.now);
  for (const pauseEvery of [0, 100_000, 3_000_000]) {
    const { server, client } = await socketPair(t);
    const queue = new ReplyQueue(server, sender);
    const first = files.lend(name, 0, inode, 0, 7_000_001);
    const second = files.lend(name, 0, inode, 11_000_000, 70_000);
    if (!first || !second) throw new Error('the segment is there');
    const [before, middle, after, next] = ['before', 'middle', 'after', 'next'].map((text) =>
      Buffer.from(text),
    ) as [Buffer, Buffer, Buffer, Buffer];
    let sent = 0;
    queue.fill(queue.reserve(), [Buffer.from('<')], () => sent++);
    queue.fill(queue.reserve(), [before, first.range, middle, second.range, after], () => sent++);
    queue.fill(queue.reserve(), [next], () => sent++);
    const wanted = [Buffer.from('<'), before, bytes.subarray(0, 7_000_001), middle];
    wanted.push(bytes.subarray(11_000_000, 11_070_000), after, next);
    const total = wanted.reduce((sum, part) => sum + part.length, 0);
    const chunks: Buffer[] = [];
    let received = 0;
    let sincePause = 0;
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      sincePause += chunk.length;
      if (pauseEvery === 0 || sincePause < pauseEvery) return;
      sincePause = 0;
      client.pause();
      setTimeout(() => client.resume(), 1);
    });
    client.resume();
    while (received < total) await once(client, 'data');
    t.equal(sha(...chunks), sha(...wanted), `a pause every ${pauseEvery} bytes`);
    while (sent < 3) await new Promise((resolve) => setImmediate(resolve));
    t.equal(queue.unsentBytes, 0);
    first.release();
    second.release();
  }
  files.close();
});

t.test(
  'a reader that goes away mid-send: memory comes back once, nothing hangs',
  { skip },
  async (t) => {
    const dataDir = t.testdir();
    const { inode } = segmentIn(dataDir);
    const files = new SegmentFiles(dataDir, Date.now);
    for (const wayToClose of ['destroy', 'resetAndDestroy'] as const) {
      const { server, client } = await socketPair(t);
      const queue = new ReplyQueue(server, sender);
      server.on('close', () => queue.close());
      const lent = files.lend(name, 0, inode, 0, segmentBytes);
      if (!lent) throw new Error('the segment is there');
      let given = 0;
      const gone = new Promise<void>((resolve) => {
        queue.fill(queue.reserve(), [Buffer.from('head'), lent.range, Buffer.from('tail')], () => {
          given++;
          lent.release();
          resolve();
        });
      });
      client.once('data', () => client[wayToClose]());
      client.resume();
      await gone;
      t.equal(given, 1, wayToClose);
    }
    files.close();
  },
);

t.test('a segment that was replaced is not taken for the one that was meant', async (t) => {
  const dataDir = t.testdir();
  const { inode, path } = segmentIn(dataDir);
  const files = new SegmentFiles(dataDir, Date.now);
  const lent = files.lend(name, 0, inode, 0, 100);
  t.ok(lent);
  renameSync(path, `${path}.deleted`);
  t.ok(files.lend(name, 0, inode, 0, 100), 'one that is open is still the same file');
  writeFileSync(path, 'another segment');
  t.equal(
    files.lend(name, 0, statSync(path).ino + 1, 0, 5),
    null,
    'not the file that is there now',
  );
  t.equal(files.lend(name, 20, inode, 0, 5), null, 'no such segment');
  lent?.release();
  files.close();
});

t.test(
  'files that nobody sends from are closed, so that deleted ones give their space back',
  (t) => {
    const dataDir = t.testdir();
    const { inode, path } = segmentIn(dataDir);
    let nowMs = 0;
    const files = new SegmentFiles(dataDir, () => nowMs);
    const lent = files.lend(name, 0, inode, 0, 100);
    renameSync(path, `${path}.deleted`);
    nowMs = 20_000;
    files.sweep();
    t.equal(files.lend(name, 0, inode, 0, 100), null, 'closed for the next ones');
    t.doesNotThrow(() => lent?.release());
    t.end();
  },
);

t.test(
  'the send buffer bounds what the kernel takes for a peer that does not read',
  { skip },
  async (t) => {
    const dataDir = t.testdir();
    const { inode } = segmentIn(dataDir);
    const files = new SegmentFiles(dataDir, Date.now);
    t.teardown(() => files.close());
    const lent = files.lend(name, 0, inode, 0, segmentBytes);
    if (lent === null || sender === null) throw new Error('the segment is there');
    const takenWith = async (sendBufferBytes: number | null) => {
      const { server } = await socketPair(t);
      if (sendBufferBytes !== null) sender.setSendBuffer(socketFd(server), sendBufferBytes);
      return sender.send(socketFd(server), lent.range.fd, 0, segmentBytes);
    };
    const bounded = await takenWith(65_536);
    t.ok(bounded > 0);
    t.ok(bounded < (await takenWith(null)), `${bounded} bytes`);
    lent.release();
  },
);
