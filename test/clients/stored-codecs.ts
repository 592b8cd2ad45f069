/** Which compressions the batches of a topic have in the broker's files. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
/** Positions in a record batch of format 2. */
const lengthAt = 8;
const attributesAt = 21;
const headerBytes = 12;
const codecMask = 0x07;

/** The names of the codecs found, in the order of their numbers; `dataDir` is Kopje's. */
export function storedCodecs(dataDir: string, topic: string): string[] {
  const found = new Set<number>();
  const partition = new RegExp(`^${topic}-\\d+$`);
  for (const folder of readdirSync(dataDir).filter((name) => partition.test(name))) {
    const files = readdirSync(join(dataDir, folder)).filter((name) => name.endsWith('.log'));
    for (const file of files) {
      const bytes = readFileSync(join(dataDir, folder, file));
      for (let at = 0; at + headerBytes < bytes.length; ) {
        found.add(bytes.readInt16BE(at + attributesAt) & codecMask);
        at += headerBytes + bytes.readInt32BE(at + lengthAt);
      }
    }
  }
  return [...found].sort((a, b) => a - b).map((codec) => codecs[codec] ?? `codec ${codec}`);
}
