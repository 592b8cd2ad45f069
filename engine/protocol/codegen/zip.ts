import { inflateRawSync } from 'node:zlib';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;

/**
 * Reads the files of a zip archive whose path passes `wanted`, by path. Plain zip only, which jars
 * are: no encryption, no zip64. Throws Error for anything else.
 */
export function readZip(zip: Buffer, wanted: (path: string) => boolean): Map<string, Buffer> {
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  const files = new Map<string, Buffer>();
  for (let i = 0; i < count; i++) {
    if (zip.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new Error('zip directory is damaged');
    const pathBytes = zip.readUInt16LE(at + 28);
    const path = zip.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + pathBytes);
    if (wanted(path)) files.set(path, readEntry(zip, at));
    at += ENTRY_BYTES + pathBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

function findEnd(zip: Buffer): number {
  for (let at = zip.length - END_BYTES; at >= 0; at--) {
    if (zip.readUInt32LE(at) === END_SIGNATURE) return at;
  }
  throw new Error('not a zip file');
}

function readEntry(zip: Buffer, entry: number): Buffer {
  const method = zip.readUInt16LE(entry + 10);
  const size = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  const skipped = zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const start = local + LOCAL_HEADER_BYTES + skipped;
  const content = zip.subarray(start, start + size);
  if (method === STORED) return content;
  if (method === DEFLATED) return inflateRawSync(content);
  throw new Error(`zip compression method ${method}`);
}
