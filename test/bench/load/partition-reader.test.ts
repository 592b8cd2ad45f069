import t from 'tap';
import { PartitionReader } from '../../../bench/load/kafka/partition-reader.js';
import { batchOf } from '../../../bench/load/kafka/requests.js';

const topic = 'load';
/** Of a Fetch v11 response for one partition, without the topic's name. */
const headBytes = 66;

function response(...records: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.alloc(headBytes + topic.length), ...records]);
}

function reader(): PartitionReader {
  return new PartitionReader({ topic, partition: 0, maxBytes: 1_000, maxWaitMs: 0, atTail: true });
}

t.test(
  'a batch that is cut at the end of a response does not count, and comes again',
  async (t) => {
    const reading = reader();
    const first = batchOf(3, 100, 0);
    const second = Buffer.from(batchOf(2, 100, 3));
    second.writeBigInt64BE(3n, 0);
    for (const cut of [5, 61, second.length - 1]) {
      const one = reader();
      one.request();
      one.bytes(response(first, second.subarray(0, cut)), 0);
      t.equal(one.end(), 3);
      t.equal(one.wholeBytes, first.length);
      t.equal(one.recordBytes, first.length + cut);
      t.equal(one.nextOffset, 3);
    }
    reading.request();
    reading.bytes(response(first, second), 0);
    t.equal(reading.end(), 5);
    t.equal(reading.nextOffset, 5);
  },
);

t.test('a batch that does not follow is found', async (t) => {
  const reading = reader();
  reading.request();
  reading.bytes(response(batchOf(1, 100, 0), batchOf(1, 100, 1)), 0);
  t.throws(() => reading.end(), { message: 'offset 0 came where 1 was expected' });
});
