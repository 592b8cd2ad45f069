import t, { type Test } from 'tap';
import {
  baseOffset,
  baseTimestamp,
  hasDeleteHorizon,
  lastOffset,
  recordCount,
} from '../../../../engine/protocol/kafka/record-batch.js';
import { BatchCheckFlags, batchCheckSlots } from '../../../../native/index.js';
import type { EntryFormat } from '../../../../workers/format/entry-encoder.js';
import type { CompactionResult } from '../../../../workers/log/compaction.js';
import { recordsOf } from '../../../../workers/log/embedded/batch-records.js';
import { compactSegments } from '../../../../workers/log/embedded/compact.js';
import type { EmbeddedLog } from '../../../../workers/log/embedded/embedded-log.js';
import type { LogConfig } from '../../../../workers/log/log.js';
import fc from '../../../fast-check.js';
import { codecs } from '../batches.js';
import { spanOf } from '../conformance.js';
import { logConfig } from '../log-config.js';
import { flushed, readAll } from '../read-log.js';
import { append } from '../session.js';
import { diskError, MemoryDisk, type Operation } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';
const compacted: Partial<LogConfig> = {
  cleanupCompact: true,
  cleanupDelete: false,
  segmentBytes: 400,
  indexIntervalBytes: 100,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: 1000,
  fileDeleteDelayMs: 0,
};

interface Row {
  offset: number;
  timestamp: number;
  key: string | null;
  value: string | null;
}

/** Every record of the log, after a check of each batch. */
function rowsOf(log: EmbeddedLog): Row[] {
  const rows: Row[] = [];
  let next = 0;
  for (const batch of readAll(log)) {
    const out = new Float64Array(batchCheckSlots);
    const fault = codecs.checkBatch(batch, 0, batch.length, BatchCheckFlags.stored, 2 ** 20, out);
    if (fault !== 0) throw new Error(`fault ${fault} in the batch at ${baseOffset(batch, 0)}`);
    if (baseOffset(batch, 0) < next) throw new Error(`offset ${baseOffset(batch, 0)} again`);
    next = lastOffset(batch, 0) + 1;
    const records = recordsOf(codecs, batch, 0, batch.length);
    const text = (start: number, end: number) =>
      start === -1 ? null : Buffer.from(records.view.subarray(start, end)).toString();
    while (records.next()) {
      rows.push({
        offset: baseOffset(batch, 0) + records.offsetDelta,
        timestamp: baseTimestamp(batch, 0) + records.timestampDelta,
        key: text(records.keyStart, records.keyEnd),
        value: text(records.valueStart, records.valueEnd),
      });
    }
  }
  return rows;
}

/** One compaction by hand; null if the log wanted none. */
async function compact(
  log: EmbeddedLog,
  disk: MemoryDisk,
  nowMs: number,
  keyMapBytes?: number,
): Promise<CompactionResult | null> {
  await flushed(log);
  const plan = log.planCompaction(nowMs, log.stableEndOffset);
  if (plan === null) return null;
  const result = compactSegments(structuredClone(plan), disk, codecs, keyMapBytes);
  log.applyCompaction(plan, result);
  return result;
}

const operation = fc.record({
  records: fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 6 }).map((i) => `key-${i}`),
      value: fc.option(fc.string({ maxLength: 12 }), { nil: null, freq: 3 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  compression: fc.constantFrom(0, 0, 1, 3),
  producerId: fc.constantFrom(-1, 7, 8),
  entryFormat: fc.constantFrom<EntryFormat>('kafka', 'kafka', 'pulsar', 'mixed_kafka'),
  compactAfter: fc.boolean(),
  waitMs: fc.constantFrom(0, 600, 1500),
});

t.test('keeps the last record of each key, and every offset', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
      const disk = new MemoryDisk();
      let nowMs = 1_000_000;
      const last = new Map<number, number>();
      const { log } = await openTestLog({
        disk,
        dir,
        config: compacted,
        clock: () => nowMs,
        takeSnapshot: () =>
          [...last].map(([producerId, lastOffset]) => ({ ...noProducer, producerId, lastOffset })),
      });
      const written: Row[] = [];
      let dirtyFrom = 0;
      for (const one of operations) {
        const { records, compression, producerId, entryFormat, compactAfter, waitMs } = one;
        nowMs += waitMs;
        log.configure(logConfig({ ...compacted, entryFormat }));
        const offset = log.logEndOffset;
        const rows = records.map((record, i) => ({
          ...record,
          offset: offset + i,
          timestamp: nowMs + i,
        }));
        append(log, rows, { compression, producerId, producerEpoch: 0, baseSequence: 0 });
        written.push(...rows);
        if (producerId >= 0) last.set(producerId, log.logEndOffset - 1);
        if (!compactAfter) continue;
        const result = await compact(log, disk, nowMs);
        if (result !== null) dirtyFrom = result.firstDirtyOffset;
        checkRows(log, written, dirtyFrom);
      }
      await log.close();
      const again = await openTestLog({
        disk,
        dir,
        config: compacted,
        recoveryPoint: log.recoveryPoint,
      });
      checkRows(again.log, written, dirtyFrom);
      for (const [producerId, offset] of last) {
        if (!again.log || !lastOffsets(again.log).has(offset)) {
          throw new Error(`the last batch of producer ${producerId} at ${offset} is gone`);
        }
      }
      await again.log.close();
    }),
    { numRuns: 60 },
  );
  t.pass('60 histories');
});

t.test('keeps a producer whose later batch a power cut may take', async (t) => {
  const disk = new MemoryDisk();
  const sent: number[] = [];
  const { log } = await openTestLog({
    disk,
    dir,
    config: compacted,
    takeSnapshot: (endOffset) => {
      const lastOffset = Math.max(-1, ...sent.filter((offset) => offset < endOffset));
      return lastOffset === -1 ? [] : [{ ...noProducer, producerId: 7, lastOffset }];
    },
  });
  const send = () => {
    sent.push(log.logEndOffset);
    append(log, [{ key: 'a', value: 'sent' }], {
      producerId: 7,
      producerEpoch: 0,
      baseSequence: 0,
    });
  };
  send();
  while (log.logEndOffset < 20) append(log, [{ key: 'a', value: 'later' }]);
  await flushed(log);
  send();
  const plan = log.planCompaction(0, log.stableEndOffset)!;
  log.applyCompaction(plan, compactSegments(plan, disk, codecs));
  t.match(readAll(log)[0], { length: 61 }, 'its batch is there, without its records');
  await log.close();
});

const noProducer = {
  producerEpoch: 0,
  lastSequence: 0,
  offsetDelta: 0,
  timestamp: 0,
  coordinatorEpoch: -1,
  currentTxnFirstOffset: -1,
};

function lastOffsets(log: EmbeddedLog): Set<number> {
  return new Set(readAll(log).map((batch) => lastOffset(batch, 0)));
}

/** What the log holds is a part of what was written, and the right one. */
function checkRows(log: EmbeddedLog, written: Row[], dirtyFrom: number): void {
  const rows = rowsOf(log);
  const newest = new Map<string | null, Row>();
  for (const row of written) newest.set(row.key, row);
  const newestClean = new Map<string | null, Row>();
  for (const row of written) if (row.offset < dirtyFrom) newestClean.set(row.key, row);
  const byOffset = new Map(written.map((row) => [row.offset, row]));
  const found = new Map(rows.map((row) => [row.offset, row]));
  for (const row of rows) {
    const original = byOffset.get(row.offset);
    if (JSON.stringify(original) !== JSON.stringify({ ...original, ...row })) {
      throw new Error(`${JSON.stringify(row)} was ${JSON.stringify(original)}`);
    }
    const isOld = row.offset < dirtyFrom && newestClean.get(row.key)!.offset > row.offset;
    if (isOld) throw new Error(`${row.key} at ${row.offset} should be gone`);
  }
  for (const row of newest.values()) {
    if (row.value !== null && !found.has(row.offset)) throw new Error(`${row.key} is lost`);
  }
  for (const row of written) {
    if (row.offset >= dirtyFrom && !found.has(row.offset)) throw new Error(`${row.offset} is lost`);
  }
}

/** A log of several segments in which keys repeat. */
async function filled(disk: MemoryDisk, nowMs: number): Promise<EmbeddedLog> {
  const { log } = await openTestLog({ disk, dir, config: compacted, clock: () => nowMs });
  for (let i = 0; i < 30; i++) {
    append(log, [
      { timestamp: nowMs + i, key: `k${i % 4}`, value: `v${i}` },
      { timestamp: nowMs + i, key: `x${i % 7}`, value: i % 7 === 3 ? null : `w${i}` },
    ]);
  }
  await flushed(log);
  return log;
}

t.test('tombstones stay until their delete horizon', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, 5_000);
  const tombstones = () => rowsOf(log).filter((row) => row.value === null && row.offset < 40);
  await compact(log, disk, 5_000);
  const withHorizon = readAll(log).filter((batch) => hasDeleteHorizon(batch, 0));
  t.ok(withHorizon.length > 0);
  t.ok(withHorizon.every((batch) => baseTimestamp(batch, 0) === 6_000));
  const kept = tombstones().length + rowsOf(log).filter((row) => row.value === null).length;
  t.ok(kept > 0);
  for (let i = 0; i < 10; i++) append(log, [{ key: 'other', value: `${i}` }]);
  await compact(log, disk, 5_999);
  t.ok(
    rowsOf(log).some((row) => row.value === null),
    'not yet',
  );
  for (let i = 0; i < 10; i++) append(log, [{ key: 'other', value: `${i}` }]);
  await compact(log, disk, 6_000);
  t.notOk(
    readAll(log).some(
      (batch) =>
        hasDeleteHorizon(batch, 0) &&
        baseTimestamp(batch, 0) <= 6_000 &&
        recordCount(batch, 0) > 0 &&
        rowsWithoutValue(batch) > 0,
    ),
  );
  await log.close();
});

function rowsWithoutValue(batch: Uint8Array): number {
  const records = recordsOf(codecs, batch, 0, batch.length);
  let count = 0;
  while (records.next()) if (records.valueStart === -1) count++;
  return count;
}

t.test('many keys take several rounds', async (t) => {
  const disk = new MemoryDisk();
  const config = { ...compacted, segmentBytes: 50_000 };
  const { log } = await openTestLog({ disk, dir, config });
  /** Room for 3072 keys. */
  const keyMapBytes = 96 * 1024;
  for (let i = 0; i < 9_000; i += 50) {
    const keys = Array.from({ length: 50 }, (_, j) => ({ key: `k${(i + j) % 4_000}`, value: 'v' }));
    append(log, keys);
  }
  const first = await compact(log, disk, 1, keyMapBytes);
  t.match(first, { keys: 3072, firstDirtyOffset: 3072 });
  let rounds = 1;
  while ((await compact(log, disk, 1, keyMapBytes)) !== null) rounds++;
  t.ok(rounds > 2, `${rounds} rounds`);
  const { offset: activeBase } = { offset: log.logEndOffset - 1 };
  const keys = rowsOf(log)
    .filter((row) => row.offset < activeBase - 2_000)
    .map((row) => row.key);
  t.equal(new Set(keys).size, keys.length, 'each key once');
});

t.test('nothing to do', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, 5_000);
  t.equal(log.planCompaction(5_000, 0), null, 'nothing below the high watermark');
  const plan = log.planCompaction(5_000, log.logEndOffset);
  t.not(plan, null);
  t.equal(log.planCompaction(5_000, log.logEndOffset), null, 'one at a time');
  const before = rowsOf(log);
  compactSegments(plan!, disk, codecs);
  log.applyCompaction(plan!, null);
  t.same(rowsOf(log), before, 'a failed job changes nothing');
  t.notOk(disk.readdir(dir).some((name) => name.endsWith('.cleaned')));
  t.equal(log.planCompaction(64_999, log.logEndOffset), null, 'and is not repeated at once');
  await compact(log, disk, 65_000);
  t.equal(log.planCompaction(65_000, log.logEndOffset), null, 'all clean');
  log.configure({ ...log.config, cleanupCompact: false });
  append(log, [{ key: 'a' }]);
  t.equal(log.planCompaction(5_000, log.logEndOffset), null, 'not compacted');
  await log.close();
  const { log: again } = await openTestLog({ disk, dir, config: compacted, cleanShutdown: true });
  t.equal(again.planCompaction(5_000, again.logEndOffset), null, 'the checkpoint was kept');
});

t.test('lag settings', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, 5_000);
  log.configure({ ...log.config, minCompactionLagMs: 1_000 });
  t.equal(log.planCompaction(6_000, log.logEndOffset), null, 'too young');
  t.not(log.planCompaction(6_100, log.logEndOffset), null);
  const dirty = await filled(new MemoryDisk(), 5_000);
  dirty.configure({ ...dirty.config, minCleanableDirtyRatio: 1, maxCompactionLagMs: 500 });
  t.equal(dirty.planCompaction(5_400, dirty.logEndOffset), null, 'not dirty enough');
  t.not(dirty.planCompaction(5_600, dirty.logEndOffset), null, 'but old enough');
});

t.test('a hole at the end of the log leads its readers out', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: compacted });
  for (let i = 0; i < 12; i++) append(log, [{ key: 'a' }, { key: `b${i}`, value: 'x'.repeat(90) }]);
  await log.close();
  // As if Kafka's compaction had removed all of the two last segments before the active one, and a crash its torn batch.
  disk.remove(`${dir}/recovery-point`);
  const files = disk
    .readdir(dir)
    .filter((name) => name.endsWith('.log'))
    .sort();
  const [first, , last] = files.slice(-3);
  for (const name of files.slice(-3)) disk.put(`${dir}/${name}`, new Uint8Array(0));
  const endOffset = Number(last!.slice(0, 20));
  const hole = Number(first!.slice(0, 20));
  const options = { disk, dir, config: compacted, recoveryPoint: endOffset };
  const { log: holed } = await openTestLog(options);
  t.equal(holed.logEndOffset, endOffset);
  for (let offset = hole; offset < endOffset; offset++) {
    const batches = readAll(holed, offset);
    t.same(batches.map(spanOf), [[offset, endOffset - 1]]);
    t.equal(recordCount(batches[0]!, 0), 0);
  }
  const more = append(holed, [{ key: 'c', value: 'd' }]);
  t.same(readAll(holed, hole), [more], 'a record behind the hole leads out as well');
  await holed.close();
});

t.test('a segment that is trimmed meanwhile', async (t) => {
  const disk = new MemoryDisk();
  const log = await filled(disk, 5_000);
  const plan = log.planCompaction(5_000, log.logEndOffset)!;
  const result = compactSegments(plan, disk, codecs);
  log.trim(plan.segments[1]!.baseOffset + 1);
  const before = rowsOf(log).map((row) => row.offset);
  log.applyCompaction(plan, result);
  t.ok(rowsOf(log).every((row) => before.includes(row.offset)));
  t.notOk(disk.readdir(dir).some((name) => name.endsWith('.cleaned')));
});

t.test('a disk too full to note what was compacted keeps the log in service', async (t) => {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config: compacted });
  for (let i = 0; i < 20; i++) append(log, [{ key: 'k', value: `${i}`, timestamp: i }]);
  disk.before = (operation, path) => {
    const isNote = path.includes('cleaner-offset-checkpoint');
    if (operation === 'writev' && isNote) throw diskError('ENOSPC');
  };
  t.ok(await compact(log, disk, 1));
  const before = rowsOf(log);
  t.ok(before.length < 20);
  append(log, [{ key: 'k', value: 'last', timestamp: 21 }]);
  await flushed(log);
  await log.close();
  disk.before = () => {};
  const { log: after } = await openTestLog({ disk, dir, config: compacted });
  t.equal(rowsOf(after).length, before.length + 1);
  t.ok(await compact(after, disk, 2), 'and compacts again from the start');
});

t.test('a crash at each step of the swap', async (t) => {
  const counted = await swapUntil(Number.POSITIVE_INFINITY);
  t.ok(counted.steps > 10, `${counted.steps} steps`);
  for (const keepUnsynced of [false, true]) {
    for (let step = 0; step < counted.steps; step++) {
      const { disk, rows, recoveryPoint } = await swapUntil(step);
      const after = disk.powerCut(keepUnsynced);
      const { log } = await openTestLog({ disk: after, dir, config: compacted, recoveryPoint });
      const found = rowsOf(log);
      sameNewest(t, rows, found, step);
      const leftovers = after.readdir(dir).filter((name) => /cleaned|swap|deleted/.test(name));
      if (leftovers.length > 0) t.fail(`after step ${step}: ${leftovers}`);
      if (log.logEndOffset !== 60) t.fail(`after step ${step} the log ends at ${log.logEndOffset}`);
      await compact(log, after, 5_000);
      sameNewest(t, rows, rowsOf(log), step);
      await log.close();
    }
  }
  t.pass('all');
});

/** Compacts, with every disk operation of the swap from number `step` on failing. */
async function swapUntil(step: number) {
  const disk = new MemoryDisk();
  const log = await filled(disk, 5_000);
  const rows = rowsOf(log);
  const { recoveryPoint } = log;
  const plan = log.planCompaction(5_000, log.logEndOffset)!;
  const result = compactSegments(plan, disk, codecs);
  let steps = 0;
  disk.before = (operation: Operation) => {
    if (operation === 'read' || operation === 'open') return;
    if (steps++ >= step) throw diskError('EIO');
  };
  try {
    log.applyCompaction(plan, result);
  } catch (error) {
    if ((error as { code: string }).code !== 'storage') throw error;
  }
  disk.before = () => {};
  return { disk, rows, steps, recoveryPoint };
}

function sameNewest(t: Test, before: Row[], after: Row[], step: number): void {
  const newest = (rows: Row[]) => Object.fromEntries(rows.map((row) => [row.key, row.offset]));
  const expected = newest(before);
  const found = newest(after);
  if (
    JSON.stringify(Object.entries(found).sort()) !== JSON.stringify(Object.entries(expected).sort())
  ) {
    t.same(found, expected, `after step ${step}`);
  }
}
