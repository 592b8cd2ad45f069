import t from 'tap';
import { endOffsetOf, OffsetsLoader } from '../../../../engine/coordinators/group/loader.js';
import { INT64_MAX, ZERO_UUID } from '../../../../engine/protocol/kafka/constants.js';
import {
  writeGroupMetadataKey,
  writeGroupMetadataValue,
  writeOffsetCommitKey,
  writeOffsetCommitValue,
} from '../../../../engine/protocol/kafka/offsets-records.js';
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  setAttributes,
  setBatchLength,
} from '../../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../../engine/protocol/kafka/record-batch-builder.js';
import { loadCodecs } from '../../../../native/index.js';
import { batchAt } from './memory-port.js';

const codecs = loadCodecs();
const now = 1_700_000_000_000;

function commit(builder: RecordBatchBuilder, partition: number, offset: number | null): void {
  const key = writeOffsetCommitKey('group', 'topic', partition);
  const value =
    offset === null
      ? null
      : writeOffsetCommitValue({ offset, commitTimestamp: now, topicId: ZERO_UUID });
  builder.append(now, key, value);
}

t.test('the last record of a key holds, within a chunk and over chunks', (t) => {
  const loader = new OffsetsLoader(codecs, (topic) => topic);
  const first = new RecordBatchBuilder();
  for (const [partition, offset] of [
    [0, 1],
    [1, 2],
    [0, 3],
    [2, 4],
  ] as const) {
    commit(first, partition, offset);
  }
  loader.add(first.finish());
  const second = new RecordBatchBuilder();
  commit(second, 1, null);
  commit(second, 2, 5);
  loader.add(second.finish());
  const offsets = loader.offsets.of('group').get('topic')!;
  t.same(
    [...offsets].map(([partition, { offset }]) => [partition, offset]),
    [
      [0, 3],
      [2, 5],
    ],
  );
  t.end();
});

t.test('groups are kept by their last value, with bytes of their own', (t) => {
  const loader = new OffsetsLoader(codecs, (topic) => topic);
  const builder = new RecordBatchBuilder();
  const value = (generation: number) =>
    writeGroupMetadataValue({
      protocolType: 'consumer',
      generation,
      protocol: 'range',
      leader: 'm',
      members: [{ memberId: 'm', subscription: Uint8Array.of(7), assignment: Uint8Array.of(8) }],
    });
  builder.append(now, writeGroupMetadataKey('a'), value(1));
  builder.append(now, writeGroupMetadataKey('b'), value(1));
  builder.append(now, writeGroupMetadataKey('a'), value(2));
  builder.append(now, writeGroupMetadataKey('b'), null);
  // A consumer group's record of KIP-848, and a record without a key.
  builder.append(now, Uint8Array.of(0, 3, 0, 1, 97), Uint8Array.of(0, 0));
  builder.append(now, null, Uint8Array.of(1));
  const chunk = builder.finish();
  loader.add(chunk);
  chunk.fill(0);
  t.same([...loader.groups.keys()], ['a']);
  t.equal(loader.groups.get('a')?.generation, 2);
  t.same(loader.groups.get('a')?.members[0]?.assignment, Uint8Array.of(8));
  t.equal(loader.unknownRecords, 1);
  t.end();
});

t.test('a transaction counts when it commits, where it commits', (t) => {
  const loader = new OffsetsLoader(codecs, (topic) => topic);
  const inTransaction = (producerId: number, partition: number, offset: number) => {
    const builder = new RecordBatchBuilder({ producerId, producerEpoch: 0, transactional: true });
    commit(builder, partition, offset);
    return builder.finish();
  };
  const marker = (producerId: number, type: number) => {
    const builder = new RecordBatchBuilder({ producerId, transactional: true, control: true });
    builder.append(now, Uint8Array.of(0, 0, 0, type), Uint8Array.of(0, 0, 0, 0, 0, 0));
    return builder.finish();
  };
  const plain = new RecordBatchBuilder();
  commit(plain, 0, 2);
  loader.add(
    Buffer.concat([
      inTransaction(1, 0, 1),
      inTransaction(2, 1, 1),
      plain.finish(),
      marker(1, 1),
      marker(2, 0),
      inTransaction(3, 2, 1),
    ]),
  );
  t.equal(loader.offsets.get('group', 'topic', 0)?.offset, 1, 'it committed after the plain one');
  t.equal(loader.offsets.get('group', 'topic', 1), undefined, 'aborted');
  t.equal(loader.offsets.get('group', 'topic', 2), undefined, 'open');
  t.end();
});

t.test('batches compressed by another broker are read', (t) => {
  const builder = new RecordBatchBuilder();
  commit(builder, 0, 9);
  const plain = builder.finish();
  const records = codecs.compress(1, plain, BATCH_HEADER_BYTES, plain.length);
  const batch = Buffer.concat([plain.subarray(0, BATCH_HEADER_BYTES), records]);
  setBatchLength(batch, 0, batch.length);
  setAttributes(batch, 0, 1);
  const loader = new OffsetsLoader(codecs, (topic) => topic);
  loader.add(batch);
  t.equal(loader.offsets.get('group', 'topic', 0)?.offset, 9);
  t.end();
});

t.test('bytes that are no records are an error', (t) => {
  const builder = new RecordBatchBuilder();
  commit(builder, 0, INT64_MAX);
  const batch = builder.finish();
  batch[BATCH_HEADER_BYTES] = 0x7e;
  t.throws(() => new OffsetsLoader(codecs, (topic) => topic).add(batch), { name: 'ProtocolError' });
  t.throws(() => new OffsetsLoader(codecs, (topic) => topic).add(builderCut(batch)), {
    name: 'ProtocolError',
  });
  t.end();
});

function builderCut(batch: Uint8Array): Uint8Array {
  return batch.subarray(0, BATCH_FIELD.recordCount);
}

t.test('a million commits of a thousand keys load in under a second', (t) => {
  const perBatch = 100;
  const templates = Array.from({ length: 10 }, (_, i) => {
    const builder = new RecordBatchBuilder();
    for (let j = 0; j < perBatch; j++) commit(builder, i * perBatch + j, j);
    return builder.finish();
  });
  const chunks: Uint8Array[] = [];
  let chunk: Uint8Array[] = [];
  for (let i = 0; i < 10_000; i++) {
    chunk.push(batchAt(templates[i % templates.length]!, i * perBatch));
    if (chunk.length < 100) continue;
    chunks.push(Buffer.concat(chunk));
    chunk = [];
  }
  // Processor time: what else the machine does is no matter.
  const started = process.cpuUsage();
  const loader = new OffsetsLoader(codecs, (topic) => topic);
  let endOffset = 0;
  for (const bytes of chunks) {
    endOffset = endOffsetOf(bytes);
    loader.add(bytes);
  }
  const { user, system } = process.cpuUsage(started);
  const tookMs = (user + system) / 1_000;
  const megabytes = chunks.reduce((sum, { length }) => sum + length, 0) / 1e6;
  t.comment(`1 000 000 commits, ${megabytes.toFixed(0)} MB: ${tookMs.toFixed(0)} ms`);
  t.equal(endOffset, 1_000_000);
  t.equal(loader.offsets.of('group').get('topic')?.size, 1_000);
  // The aim is a second; the bound leaves room for a machine that does other things.
  t.ok(tookMs < 3_000);
  t.end();
});
