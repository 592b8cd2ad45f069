/** Writes the first corpus of each fuzz target from the golden bytes of `test/golden/codecs`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const golden = fileURLToPath(new URL('../../test/golden/codecs', import.meta.url));
const corpora = fileURLToPath(new URL('corpus', import.meta.url));
/** In the order in which `targets/codecs.rs` counts them. */
const codecs = ['gzip', 'snappy', 'lz4', 'zstd'];
const headerBytes = 61;
/** How `targets/codecs.rs` and `targets/walk.rs` are told to decompress, and to take pieces of 7 bytes. */
const decompress = 1;
const stepOfSeven = 12;
const recordCount = 40;

/** @param {string} target @param {string} name @param {Uint8Array} bytes */
function seed(target, name, bytes) {
  const folder = join(corpora, target);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
}

for (const name of readdirSync(golden)) {
  const bytes = readFileSync(join(golden, name));
  const codec = codecs.findIndex((codec) => name.includes(codec));
  const choice = Buffer.of(codec, decompress);
  if (name.endsWith('.bin')) seed('codecs', name, Buffer.concat([choice, bytes]));
  if (!name.endsWith('.batch')) continue;
  seed('batch', name, bytes);
  const records = bytes.subarray(headerBytes);
  if (codec !== -1) seed('codecs', name, Buffer.concat([choice, records]));
  else seed('walk', name, Buffer.concat([Buffer.of(recordCount, stepOfSeven), records]));
}
for (const [at, line] of readFileSync(join(golden, 'verdicts.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .entries()) {
  seed('batch', `verdict-${at}`, Buffer.from(JSON.parse(line).batch, 'base64'));
}
