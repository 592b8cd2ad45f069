import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadCodecs } from '../../native/index.js';

const magic = 'BKLG';
/** The header takes this much in the versions from 5 on. */
const fileHeaderBytes = 512;
/** In place of a record's length: then comes the length of what fills a sector up. */
const padding = -0x100;
/** Ledger, entry, last entry that was confirmed, and size of the ledger, 8 bytes each; the digest stands behind. */
const entryHeaderBytes = 32;
const digestBytes = 4;

interface JournalRecord {
  /** Of its length. */
  readonly start: number;
  readonly end: number;
}

/** An entry that was cut off. */
export interface TornEntry {
  readonly ledgerId: bigint;
  readonly entryId: bigint;
}

/**
 * Cuts off what kill -9 may leave at the end of a bookie's journal, which BookKeeper 4.17 mends not: its records have no
 * checksum, and the file is filled with zeros before they are written, so one whose write was cut short is replayed as an
 * entry with zeros for an end. Nobody was told that it is stored, but its ledger can never be opened again ("Digest
 * mismatch"), where it has one copy. Returns what was cut off. The bookie must not run.
 */
export function cutTornEntry(directory: string): TornEntry | null {
  const files = readdirSync(directory).filter((name) => name.endsWith('.txn'));
  // The names are numbers that rise, in base 16.
  files.sort((a, b) => Number.parseInt(b, 16) - Number.parseInt(a, 16));
  for (const name of files) {
    const file = join(directory, name);
    const bytes = readFileSync(file);
    const last = lastRecord(bytes);
    if (last === null) continue;
    const torn = tornEntry(bytes.subarray(last.start + 4, last.end));
    if (torn !== null) clear(file, last);
    return torn;
  }
  return null;
}

function lastRecord(bytes: Buffer): JournalRecord | null {
  if (bytes.toString('latin1', 0, magic.length) !== magic) return null;
  let last: JournalRecord | null = null;
  for (let at = fileHeaderBytes; at + 8 <= bytes.length; ) {
    const sizeBytes = bytes.readInt32BE(at);
    if (sizeBytes === padding) {
      at += 8 + bytes.readInt32BE(at + 4);
      continue;
    }
    if (sizeBytes <= 0) break;
    last = { start: at, end: Math.min(bytes.length, at + 4 + sizeBytes) };
    at = last.end;
  }
  return last;
}

/** Null for a record that is whole, or none of an entry. */
function tornEntry(record: Buffer): TornEntry | null {
  if (record.length < entryHeaderBytes + digestBytes) return null;
  const [ledgerId, entryId] = [record.readBigInt64BE(0), record.readBigInt64BE(8)];
  // Ledgers' own records have numbers below 0. A write is cut short at a page: zeros are left.
  if (entryId < 0n || record.at(-1) !== 0) return null;
  const codecs = loadCodecs();
  const ofHeader = codecs.crc32c(record, 0, entryHeaderBytes);
  const dataStart = entryHeaderBytes + digestBytes;
  const digest = codecs.crc32c(record, dataStart, record.length, ofHeader);
  return digest === record.readUInt32BE(entryHeaderBytes) ? null : { ledgerId, entryId };
}

function clear(file: string, { start, end }: JournalRecord): void {
  const fd = openSync(file, 'r+');
  try {
    writeSync(fd, Buffer.alloc(end - start), 0, end - start, start);
  } finally {
    closeSync(fd);
  }
}
