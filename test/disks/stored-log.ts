/** Looks at a stopped broker's files by the format alone, as Kafka's DumpLogSegments does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../engine/protocol/kafka/crc32c.js';
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  baseOffset,
  batchCrc,
  batchSizeBytes,
  lastOffset,
  magic,
} from '../../engine/protocol/kafka/record-batch.js';

/** Where the CRC's reach begins. */
const crcFrom = BATCH_FIELD.attributes;
const indexEntryBytes = 8;
const timeEntryBytes = 12;

/** What is wrong with the logs of a data directory; empty if nothing is. */
export function storedFaults(dataDir: string): string[] {
  const faults: string[] = [];
  for (const entry of readdirSync(dataDir, { withFileTypes: true })) {
    if (entry.isDirectory() && /-\d+$/.test(entry.name)) {
      faults.push(...partitionFaults(join(dataDir, entry.name)));
    }
  }
  return faults;
}

function partitionFaults(dir: string): string[] {
  const faults: string[] = [];
  const names = readdirSync(dir).sort();
  let nextOffset = -1;
  for (const name of names.filter((each) => each.endsWith('.log'))) {
    const path = join(dir, name);
    const base = Number(name.slice(0, -'.log'.length));
    if (nextOffset > base) faults.push(`${path}: begins below the end of the one before`);
    const segment = walk(path, base, faults);
    nextOffset = segment.nextOffset;
    faults.push(...indexFaults(path.replace(/log$/, 'index'), segment, base));
    faults.push(...timeFaults(path.replace(/log$/, 'timeindex'), segment, base));
  }
  const strays = names.filter((name) => /\.(cleaned|swap)$/.test(name));
  return [...faults, ...strays.map((name) => `${join(dir, name)} was left behind`)];
}

interface Walked {
  /** Where batches start, to their last offsets. */
  readonly starts: ReadonlyMap<number, number>;
  readonly nextOffset: number;
}

function walk(path: string, base: number, faults: string[]): Walked {
  const bytes = readFileSync(path);
  const starts = new Map<number, number>();
  let nextOffset = base;
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.length - at;
    const sizeBytes = left < BATCH_HEADER_BYTES ? left + 1 : batchSizeBytes(bytes, at);
    const isWhole = sizeBytes >= BATCH_HEADER_BYTES && sizeBytes <= left && magic(bytes, at) === 2;
    if (!isWhole || batchCrc(bytes, at) !== crc32c(bytes, at + crcFrom, at + sizeBytes)) {
      faults.push(`${path}: byte ${at} begins no sound batch`);
      break;
    }
    if (baseOffset(bytes, at) < nextOffset) faults.push(`${path}: byte ${at}: an offset again`);
    starts.set(at, lastOffset(bytes, at));
    nextOffset = lastOffset(bytes, at) + 1;
    at += sizeBytes;
  }
  return { starts, nextOffset };
}

function indexFaults(path: string, { starts }: Walked, base: number): string[] {
  const bytes = readOr(path);
  const faults: string[] = [];
  for (let at = 0; at + indexEntryBytes <= bytes.length; at += indexEntryBytes) {
    const offset = base + bytes.readInt32BE(at);
    if (starts.get(bytes.readInt32BE(at + 4)) !== offset) {
      faults.push(`${path}: entry ${at / indexEntryBytes} points to no batch of its offset`);
    }
  }
  return faults;
}

function timeFaults(path: string, { nextOffset }: Walked, base: number): string[] {
  const bytes = readOr(path);
  const faults: string[] = [];
  for (let at = 0; at + timeEntryBytes <= bytes.length; at += timeEntryBytes) {
    if (base + bytes.readInt32BE(at + 8) >= nextOffset && nextOffset > base) {
      faults.push(`${path}: entry ${at / timeEntryBytes} points beyond the segment`);
    }
  }
  return faults;
}

/** An index may be missing: it is made anew. */
function readOr(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
