/** The memory that entries are made in. */
import t from 'tap';
import { Compression } from '../../../../native/codecs.js';
import { EntryMaker } from '../../../../workers/log/pulsar/entry-maker.js';
import { EntryMemory } from '../../../../workers/log/pulsar/entry-memory.js';
import { batchAt, codecs, recordsOf } from '../batches.js';

t.test('what was given back last is lent next, by its size', async (t) => {
  const memory = new EntryMemory();
  const small = memory.lend(10);
  const large = memory.lend(100_000);
  t.equal(small.length, 16_384);
  t.equal(large.length, 131_072);
  t.not(memory.lend(10).buffer, small.buffer, 'it is lent');
  memory.giveBack([small.subarray(2, 5), small.subarray(7), large.subarray(1)]);
  t.equal(memory.lend(16_384).buffer, small.buffer);
  t.not(
    memory.lend(16_384).buffer,
    small.buffer,
    'given back once, whatever number of views was of it',
  );
  t.equal(memory.lend(65_537).buffer, large.buffer);
});

t.test('memory of others is not taken', async (t) => {
  const memory = new EntryMemory();
  const foreign = Buffer.allocUnsafeSlow(16_384);
  memory.giveBack([foreign, foreign.subarray(1)]);
  t.not(memory.lend(16_384).buffer, foreign.buffer);
});

t.test('what is kept is bounded', async (t) => {
  const memory = new EntryMemory();
  const lent = Array.from({ length: 40 }, () => memory.lend(2 ** 20));
  const buffers = new Set(lent.map(({ buffer }) => buffer));
  for (const one of lent) memory.giveBack([one]);
  const again = lent.map(() => memory.lend(2 ** 20).buffer);
  t.equal(again.filter((buffer) => buffers.has(buffer)).length, 32, '32 MiB of 40');
});

t.test('an entry that does not fit its first room leaves none behind', async (t) => {
  const memory = new EntryMemory();
  const maker = new EntryMaker(codecs, 2 ** 24, 2 ** 24, memory);
  // Compressed, a thousand alike take next to nothing.
  const batch = batchAt(0, recordsOf(1_000, 100), { compression: Compression.zstd });
  const first = memory.lend(2 * batch.length + 1_024);
  memory.giveBack([first]);
  const entry = maker.make('pulsar', batch, 1_000);
  t.ok(entry !== null && entry.payloadBytes > first.length, 'it took a larger one');
  t.equal(memory.lend(first.length).buffer, first.buffer, 'and gave the first one back');
});
