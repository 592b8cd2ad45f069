/**
 * A partition's directory with any of its files damaged: it opens, or says that it is damaged and why; nothing that lies
 * before the damage is lost, and no other file than a segment costs a record.
 */

import {
  BATCH_HEADER_BYTES,
  baseOffset,
  batchSizeBytes,
  lastOffset,
} from '../../engine/protocol/kafka/record-batch.js';
import { type Log, LogFault } from '../../workers/log/log.js';
import fc from '../fast-check.js';
import { batchAt, newResult, recordsOf, runOf, TestMemory } from '../workers/log/batches.js';
import { MemoryDisk } from '../workers/log/embedded/memory-disk.js';
import { openTestLog } from '../workers/log/embedded/open-test-log.js';
import { checkCases, type Fuzzer } from './fuzzer.js';
import { firstDamage, type Mutations, mutated, mutations } from './mutations.js';

interface Case {
  readonly files: readonly { readonly which: number; readonly damage: Mutations }[];
  readonly lost: readonly number[];
  readonly durability: 'fsync' | 'os';
  readonly cleanShutdown: boolean;
  /** Whether the checkpoint says that everything had been synced. */
  readonly isCheckpointed: boolean;
}

const dir = '/d/t-0';
const config = { segmentBytes: 700, indexIntervalBytes: 150 };
const snapshot = {
  producerId: 7,
  producerEpoch: 0,
  lastSequence: 5,
  lastOffset: 3,
  offsetDelta: 1,
  timestamp: 1_000,
  coordinatorEpoch: -1,
  currentTxnFirstOffset: -1,
};

const cases: fc.Arbitrary<Case> = fc.record({
  files: fc.array(fc.record({ which: fc.nat(), damage: mutations(3) }), {
    minLength: 1,
    maxLength: 2,
  }),
  lost: fc.array(fc.nat(), { maxLength: 1 }),
  durability: fc.constantFrom('fsync', 'os'),
  cleanShutdown: fc.boolean(),
  isCheckpointed: fc.boolean(),
});

/** A log of several segments with indexes, snapshots and epochs; and its batches. */
async function filled(): Promise<{ disk: MemoryDisk; batches: Uint8Array[]; endOffset: number }> {
  const disk = new MemoryDisk();
  const { log } = await openTestLog({ disk, dir, config, takeSnapshot: () => [snapshot] });
  const batches: Uint8Array[] = [];
  for (let at = 0; at < 16; at++) {
    const compression = at % 4 === 3 ? 3 : 0;
    const batch = batchAt(log.logEndOffset, recordsOf(2), { epoch: log.leaderEpoch, compression });
    log.append(runOf(batch));
    batches.push(batch);
  }
  const endOffset = log.logEndOffset;
  await log.close();
  return { disk, batches, endOffset };
}

/** Where each batch ends, in the segment of which offset. */
function placesOf(names: readonly string[], batches: readonly Uint8Array[]) {
  const logs = names.filter((name) => name.endsWith('.log'));
  const segments = logs.map((name) => Number.parseInt(name, 10));
  const ends = new Map<number, number>();
  return batches.map((batch) => {
    const offset = baseOffset(batch, 0);
    const segment = Math.max(...segments.filter((start) => start <= offset));
    const end = (ends.get(segment) ?? 0) + batch.length;
    ends.set(segment, end);
    return { segment, end };
  });
}

interface Spoilt {
  /** Batches before any damage to a segment. */
  readonly intact: number;
  /** Only what can be made anew from the segments was damaged. */
  readonly isMendable: boolean;
}

/** Damages what the case says. */
function spoil(disk: MemoryDisk, one: Case, batches: readonly Uint8Array[]): Spoilt {
  const names = disk.readdir(dir).sort();
  const places = placesOf(names, batches);
  let intact = batches.length;
  let isMendable = true;
  const note = (name: string, from: number): void => {
    if (from === Number.POSITIVE_INFINITY) return;
    isMendable &&= /\.(index|timeindex|snapshot)$/.test(name);
    if (!name.endsWith('.log')) return;
    const at = Number.parseInt(name, 10);
    const hit = places.findIndex(
      ({ segment, end }) => segment > at || (segment === at && end > from),
    );
    if (hit !== -1) intact = Math.min(intact, hit);
  };
  for (const { which, damage } of one.files) {
    const name = names[which % names.length] as string;
    const path = `${dir}/${name}`;
    const before = disk.bytesOf(path).slice();
    disk.put(path, mutated(before, damage));
    note(name, firstDamage(before, disk.bytesOf(path)));
  }
  for (const which of one.lost) {
    const name = names[which % names.length] as string;
    disk.remove(`${dir}/${name}`);
    note(name, 0);
  }
  return { intact, isMendable };
}

const memory = new TestMemory();

/**
 * The whole batches that one read brings. Behind damage that no recovery had to look for, bytes come as they lie, as
 * from Kafka: a client sees by the CRC that they are none.
 */
function batchesAt(log: Log, offset: number): Uint8Array[] {
  const result = newResult();
  log.read(offset, log.logEndOffset, memory.view.length / 2, true, memory, result);
  if (result.start === -1) return [];
  const bytes = memory.view.slice(result.start, result.start + result.sizeBytes);
  memory.release(result.start);
  const batches: Uint8Array[] = [];
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; ) {
    const end = at + batchSizeBytes(bytes, at);
    if (end < at + BATCH_HEADER_BYTES || end > bytes.length) break;
    batches.push(bytes.subarray(at, end));
    at = end;
  }
  return batches;
}

/** Reads as a consumer does, which stops where its position does not move; a LogFault is an answer. */
function readBatches(log: Log): Uint8Array[] {
  const found: Uint8Array[] = [];
  try {
    for (let offset = log.logStartOffset; offset < log.logEndOffset; ) {
      const next = batchesAt(log, offset);
      found.push(...next);
      const after = next.length === 0 ? offset : lastOffset(next.at(-1) as Uint8Array, 0) + 1;
      if (after <= offset) break;
      offset = after;
    }
  } catch (error) {
    if (!(error instanceof LogFault)) throw error;
  }
  return found;
}

async function holds(whole: Awaited<ReturnType<typeof filled>>, one: Case): Promise<void> {
  const disk = whole.disk.powerCut(true);
  const { intact, isMendable } = spoil(disk, one, whole.batches);
  const { durability, cleanShutdown } = one;
  const recoveryPoint = one.isCheckpointed ? whole.endOffset : 0;
  const options = { disk, dir, config, durability, cleanShutdown, recoveryPoint };
  const opened = await openTestLog(options).catch((error: unknown) => {
    if (error instanceof LogFault && error.message !== '' && !isMendable) return null;
    throw error;
  });
  if (opened === null) return;
  const found = readBatches(opened.log);
  for (let at = 0; at < intact; at++) {
    const batch = found[at];
    if (batch === undefined || Buffer.compare(batch, whole.batches[at] as Uint8Array) !== 0) {
      throw new Error(`batch ${at} of ${intact} intact ones is not read`);
    }
  }
  await opened.log.close();
}

export const logFileFuzzer: Fuzzer = {
  name: 'log files',
  cases: 2_000,
  async start() {
    const whole = await filled();
    return {
      check: (seed, numRuns) => checkCases(cases, (one) => holds(whole, one), seed, numRuns),
      close: async () => null,
    };
  },
};
