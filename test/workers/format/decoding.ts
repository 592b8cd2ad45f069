import { Entry } from '../../../workers/format/entry.js';
import { codecs, type ReadBatch, readBatches } from './read-records.js';

export const maxInflatedBytes = 1 << 22;

/** Opens and writes one entry; every byte of the answer lies within the bound that was announced. */
export function decodeEntry(
  bytes: Uint8Array,
  baseOffset = 100,
): { entry: Entry; batches: ReadBatch[] } {
  const entry = new Entry(codecs, maxInflatedBytes);
  entry.open(bytes, 0, bytes.length);
  const out = new Uint8Array(entry.boundBytes);
  const end = entry.write(out, 0, baseOffset, 3);
  return { entry, batches: readBatches(out, 0, end) };
}
