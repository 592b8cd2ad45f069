/**
 * `node test/golden/kop/pack.mjs FOLDER`: packs what a real KoP stored and served (the folder's README says how it
 * was made) into `partitions.json.br` beside this file, one object a partition.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { brotliCompressSync, constants } from 'node:zlib';

const source = argv[2];
if (source === undefined) throw new Error('name the folder that holds topics.json');

const wanted = [
  'topic',
  'logStartOffset',
  'highWatermark',
  'records',
  'storedRecords',
  'batches',
  'fetchReadCommitted',
  'readCommittedOffsets',
  'groups',
  'transactions',
  'snapshots',
];

function entriesOf(folder) {
  try {
    const lines = readFileSync(join(folder, 'entries.jsonl'), 'utf8').trim();
    return lines === '' ? [] : lines.split('\n').map((line) => entryOf(JSON.parse(line)));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function entryOf({ index, n, marker, brokerEntryMetadata, data }) {
  return { index, n, marker, broker: brokerEntryMetadata, data };
}

function expectedOf(folder) {
  const all = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  // Where KoP numbered records wrongly, only what it stored counts.
  if (all.storedRecords !== undefined) {
    all.records = all.storedRecords;
    delete all.batches;
    delete all.readCommittedOffsets;
  }
  delete all.storedRecords;
  return Object.fromEntries(wanted.filter((key) => key in all).map((key) => [key, all[key]]));
}

const partitions = readdirSync(source, { recursive: true })
  .filter((path) => path.endsWith('expected.json'))
  .map((path) => path.slice(0, -'/expected.json'.length))
  .sort()
  .map((partition) => {
    const folder = join(source, partition);
    return { partition, expected: expectedOf(folder), entries: entriesOf(folder) };
  });
const text = Buffer.from(JSON.stringify(partitions));
const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
writeFileSync(
  new URL('partitions.json.br', import.meta.url),
  brotliCompressSync(text, { params }),
);
