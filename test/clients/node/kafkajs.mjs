// kafkajs under the contract of the client tests.

import { promisify } from 'node:util';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import lz4 from 'lz4-napi';
import snappy from 'snappy';
import {
  Check,
  emit,
  recordHeaders,
  recordKey,
  recordValue,
  run,
  toldToStop,
} from './contract.mjs';

const { CompressionCodecs, CompressionTypes, Kafka, PartitionAssigners, logLevel } = kafkajs;

/** Snappy as Kafka's Java client frames it (Xerial): a 16-byte header, then sized blocks. */
async function decompressSnappy(bytes) {
  if (bytes.length < 16 || bytes.toString('latin1', 1, 7) !== 'SNAPPY') {
    return snappy.uncompress(bytes);
  }
  const blocks = [];
  for (let at = 16; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    blocks.push(await snappy.uncompress(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: (encoder) => snappy.compress(encoder.buffer),
  decompress: decompressSnappy,
});
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder) => lz4.compressFrame(encoder.buffer),
  decompress: lz4.decompressFrame,
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder) => promisify(zlib.zstdCompress)(encoder.buffer),
  decompress: promisify(zlib.zstdDecompress),
});

const TYPES = { none: 'None', gzip: 'GZIP', snappy: 'Snappy', lz4: 'LZ4', zstd: 'ZSTD' };

function client(spec) {
  return new Kafka({ brokers: [spec.bootstrap], logLevel: logLevel.ERROR });
}

/** kafkajs takes and gives headers as an object whose values are lists where a key repeats. */
function toObject(pairs) {
  const object = {};
  for (const [key, value] of pairs) {
    object[key] = key in object ? [object[key], value].flat() : value;
  }
  return object;
}

function toPairs(object) {
  return Object.entries(object).flatMap(([key, value]) =>
    Array.isArray(value) ? value.map((one) => [key, one]) : [[key, value]],
  );
}

async function produce(spec) {
  // Its sequence numbers are only right with one request at a time to a partition, hence the awaits.
  const producer = client(spec).producer({ idempotent: true, maxInFlightRequests: 5 });
  await producer.connect();
  let produced = 0;
  for (const part of spec.parts) {
    for (let at = part.startIndex; at < part.endIndex; at += 1000) {
      const messages = [];
      for (let i = at; i < Math.min(at + 1000, part.endIndex); i++) {
        messages.push({
          key: recordKey(i),
          value: recordValue(i),
          headers: toObject(recordHeaders(i, spec.nullHeaders)),
          partition: i % spec.partitions,
          timestamp: String(spec.baseTimestampMs + i),
        });
      }
      const compression = CompressionTypes[TYPES[part.compression]];
      await producer.send({ topic: spec.topic, messages, compression, acks: -1 });
      produced += messages.length;
    }
  }
  await producer.disconnect();
  emit({ produced });
}

async function consume(spec) {
  const check = new Check(spec);
  const consumer = client(spec).consumer({ groupId: `${spec.topic}-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [spec.topic], fromBeginning: true });
  await new Promise((resolve, reject) => {
    let idle = setTimeout(resolve, 20_000);
    const eachBatch = async ({ batch }) => {
      for (const m of batch.messages) {
        const headers = toPairs(m.headers ?? {});
        check.record(batch.partition, m.offset, Number(m.timestamp), m.key, m.value, headers);
      }
      clearTimeout(idle);
      idle = setTimeout(resolve, check.done ? 0 : 20_000);
    };
    consumer.run({ autoCommit: false, eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  check.report();
}

async function member(spec) {
  const stop = toldToStop();
  const consumer = client(spec).consumer({
    groupId: spec.group,
    sessionTimeout: spec.sessionTimeoutMs,
    heartbeatInterval: 1000,
    partitionAssigners: [PartitionAssigners.roundRobin],
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    emit({ assigned: payload.memberAssignment[spec.topic] ?? [] });
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [spec.topic], fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      emit({
        seen: [[batch.partition, Number(batch.firstOffset()), Number(batch.lastOffset()) + 1]],
      });
    },
  });
  await stop;
  await consumer.disconnect();
  emit({ closed: true });
}

await run({ produce, consume, member });
