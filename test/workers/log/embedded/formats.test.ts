/** What is special about a log whose entry format changes; that nobody sees it, conformance and histories show. */
import t from 'tap';
import { compression, isControl } from '../../../../engine/protocol/kafka/record-batch.js';
import type { EntryFormat } from '../../../../workers/format/entry-encoder.js';
import type { EmbeddedLog } from '../../../../workers/log/embedded/embedded-log.js';
import { newResult, recordsOf, TestMemory } from '../batches.js';
import { appendBatches } from '../conformance.js';
import { logConfig } from '../log-config.js';
import { flushed, readAll, readOnce } from '../read-log.js';
import { append } from '../session.js';
import { MemoryDisk } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';

async function openIn(entryFormat: EntryFormat, disk = new MemoryDisk()) {
  const copies: number[] = [];
  const { log } = await openTestLog({
    disk,
    dir,
    config: { entryFormat },
    copied: (_, sizeBytes) => copies.push(sizeBytes),
  });
  return { log, disk, copies };
}

function changeTo(log: EmbeddedLog, entryFormat: EntryFormat): void {
  log.configure(logConfig({ entryFormat }));
}

function segmentsOf(disk: MemoryDisk): string[] {
  return disk
    .readdir(dir)
    .filter((name) => /\.(log|entries)$/.test(name))
    .map((name) => `${Number.parseInt(name, 10)}${name.slice(20)}`);
}

t.test('a change rolls the segment, at the next batch', async (t) => {
  const { log, disk } = await openIn('kafka');
  appendBatches(log, [2, 1]);
  changeTo(log, 'pulsar');
  t.same(segmentsOf(disk), ['0.log']);
  appendBatches(log, [1, 2]);
  changeTo(log, 'mixed_kafka');
  appendBatches(log, [1]);
  changeTo(log, 'kafka');
  appendBatches(log, [1]);
  t.same(segmentsOf(disk), ['0.log', '3.entries', '6.log'], 'mixed_kafka needs nothing else here');
  await log.close();
});

t.test('a log without records takes the format of its first', async (t) => {
  const { log, disk } = await openIn('kafka');
  changeTo(log, 'pulsar');
  appendBatches(log, [1]);
  t.same(segmentsOf(disk), ['0.entries']);
  await log.close();
  const again = await openIn('pulsar', disk);
  t.equal(again.log.logEndOffset, 1);
  await again.log.close();
});

t.test('control batches stay batches', async (t) => {
  const { log, disk } = await openIn('pulsar');
  appendBatches(log, [1]);
  append(log, recordsOf(1), { control: true, transactional: true, producerId: 3 });
  appendBatches(log, [1]);
  t.same(segmentsOf(disk), ['0.entries', '1.log', '2.entries']);
  t.same(
    readAll(log).map((batch) => isControl(batch, 0)),
    [false, true, false],
  );
  await log.close();
});

t.test('entries are decoded for their readers, and never sent from their file', async (t) => {
  const { log, copies } = await openIn('pulsar');
  append(log, recordsOf(500, 1000), { compression: 3 });
  await flushed(log);
  t.equal(copies.length, 1, 'an encoding is counted');
  const [batch] = readAll(log);
  t.equal(compression(batch!, 0), 0, 'KoP stores what it converts plain');
  const place = { segmentBaseOffset: 0, position: 0, sizeBytes: 0, inode: 0 };
  t.notOk(log.locate(0, log.logEndOffset, 2 ** 20, true, place));
  await log.close();
});

t.test('a damaged entry is told, and gives its memory back', async (t) => {
  const { log, disk } = await openIn('pulsar');
  append(log, recordsOf(20));
  await flushed(log);
  const path = `${dir}/${'0'.repeat(20)}.entries`;
  const fd = disk.open(path, 'write');
  disk.writev(fd, [Uint8Array.of(0xff, 0xff, 0xff)], 200);
  disk.close(fd);
  const memory = new TestMemory();
  t.throws(() => log.read(0, log.logEndOffset, 2 ** 16, true, memory, newResult()), {
    code: 'corrupt',
  });
  t.equal(memory.lent.size, 0);
  await log.close();
});

t.test('records are found by their time in entries', async (t) => {
  const { log } = await openIn('pulsar');
  for (let offset = 0; offset < 6; offset += 2) {
    append(
      log,
      recordsOf(2).map((record, i) => ({ ...record, timestamp: 100 * (offset + i) })),
    );
  }
  t.match(log.offsetForTimestamp(250, 6), { offset: 3, timestamp: 300 });
  t.match(log.offsetOfMaxTimestamp(6), { offset: 5, timestamp: 500 });
  await log.close();
});

t.test('memory that has room for one entry only serves one at a time', async (t) => {
  const { log } = await openIn('pulsar');
  appendBatches(log, [3, 3, 3]);
  const small = new TestMemory(700);
  const result = newResult();
  log.read(0, log.logEndOffset, 2 ** 16, true, small, result);
  t.equal(result.starved, false);
  t.ok(result.sizeBytes > 0 && result.sizeBytes <= 700);
  t.equal(readOnce(log, 0).length, 3);
  await log.close();
});
