/** What kill -9 leaves of a bookie's journal. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadCodecs } from '../../native/index.js';
import { cutTornEntry } from './torn-journal.js';

const codecs = loadCodecs();

/** A record of an entry; `writtenBytes` of its data are there, zeros in place of the rest. */
function record(ledgerId: number, entryId: number, dataBytes: number, writtenBytes = dataBytes) {
  const bytes = Buffer.alloc(4 + 36 + dataBytes, 0x61);
  bytes.writeInt32BE(36 + dataBytes);
  for (const [at, value] of [ledgerId, entryId, entryId - 1, 1_000].entries()) {
    bytes.writeBigInt64BE(BigInt(value), 4 + 8 * at);
  }
  const crc = codecs.crc32c(bytes, 40, bytes.length, codecs.crc32c(bytes, 4, 36));
  bytes.writeUInt32BE(crc, 36);
  return bytes.fill(0, 40 + writtenBytes);
}

function padded(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(8 + sizeBytes);
  bytes.writeInt32BE(-0x100);
  bytes.writeInt32BE(sizeBytes, 4);
  return bytes;
}

function journal(...records: Buffer[]): Buffer {
  const head = Buffer.alloc(512);
  head.write('BKLG');
  head.writeInt32BE(6, 4);
  return Buffer.concat([head, ...records, Buffer.alloc(4_096)]);
}

t.test('a torn entry is cut off, and nothing before it', async (t) => {
  const whole = [record(7, 0, 100), padded(50), record(7, 1, 3_000)];
  const directory = t.testdir({ '9.txn': journal(record(1, 1, 10, 5)), 'a.txn': '' });
  const file = join(directory, 'a.txn');
  writeFileSync(file, journal(...whole, record(8, 5, 9_000, 4_000)));
  t.strictSame(cutTornEntry(directory), { ledgerId: 8n, entryId: 5n });
  const left = journal(...whole, Buffer.alloc(4 + 36 + 9_000));
  t.ok(readFileSync(file).equals(left));
  t.equal(cutTornEntry(directory), null, 'what stands before it is whole');
});

t.test('a new file without records says nothing of the one before', async (t) => {
  const directory = t.testdir({ '9.txn': '', a: '' });
  writeFileSync(join(directory, '9.txn'), journal(record(1, 1, 10, 5)));
  writeFileSync(join(directory, 'a.txn'), journal());
  t.strictSame(cutTornEntry(directory), { ledgerId: 1n, entryId: 1n });
});

t.test(
  'an entry that ends with zeros, and a record that is none of an entry, are left',
  async (t) => {
    const ended = record(3, 0, 100);
    ended.fill(0, 120);
    const crc = codecs.crc32c(ended, 40, ended.length, codecs.crc32c(ended, 4, 36));
    ended.writeUInt32BE(crc, 36);
    for (const last of [ended, record(3, -0x1000, 100, 50)]) {
      const directory = t.testdir({ '1.txn': '' });
      writeFileSync(join(directory, '1.txn'), journal(last));
      t.equal(cutTornEntry(directory), null);
    }
  },
);
