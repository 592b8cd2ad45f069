import { ApiKey } from '../../../engine/protocol/kafka/api-keys.js';
import { encodeCreateTopicsRequest } from '../../../engine/protocol/kafka/messages/create-topics-request.js';
import { encodeDeleteTopicsRequest } from '../../../engine/protocol/kafka/messages/delete-topics-request.js';
import { encodeFetchRequest } from '../../../engine/protocol/kafka/messages/fetch-request.js';
import { encodeProduceRequest } from '../../../engine/protocol/kafka/messages/produce-request.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { Writer } from '../../../engine/protocol/kafka/writer.js';
import { loadCodecs } from '../../../native/index.js';

/** Versions that every broker since Kafka 2.1 answers, none of them flexible: headers stay simple. */
export const versions = { produce: 7, fetch: 11, createTopics: 3, deleteTopics: 3 } as const;

/** For what the broker does itself. */
const timeoutMs = 30_000;
const clientId = 'kopje-bench';
const codecs = loadCodecs();

/** A whole frame: length, header v1, body. */
function frame(apiKey: number, version: number, body: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  writer.int32(0);
  writer.int16(apiKey);
  writer.int16(version);
  writer.int32(0);
  writer.string(clientId, false);
  body(writer);
  writer.setInt32(0, writer.byteLength - 4);
  // The writer's memory is shared with the next one.
  return Buffer.from(writer.finishWhole());
}

export function createTopicRequest(
  name: string,
  numPartitions: number,
  configs: Readonly<Record<string, string>>,
): Buffer {
  const listed = Object.entries(configs).map(([config, value]) => ({ name: config, value }));
  const request = {
    topics: [{ name, numPartitions, replicationFactor: 1, configs: listed }],
    timeoutMs,
  };
  return frame(ApiKey.CREATE_TOPICS, versions.createTopics, (writer) =>
    encodeCreateTopicsRequest(writer, request, versions.createTopics),
  );
}

export function deleteTopicRequest(name: string): Buffer {
  const request = { topicNames: [name], timeoutMs };
  return frame(ApiKey.DELETE_TOPICS, versions.deleteTopics, (writer) =>
    encodeDeleteTopicsRequest(writer, request, versions.deleteTopics),
  );
}

/** Bytes that compress by about half, different for every seed. */
export function distinctBytes(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = 32 + ((state >>> 24) & 0x0f) + ((state >>> 16) & 0x30);
  }
  return bytes;
}

/** One batch of `records` distinct records of `recordBytes` each. */
export function batchOf(records: number, recordBytes: number, seed: number): Uint8Array {
  const builder = new RecordBatchBuilder({
    crc32c: (view, start, end) => codecs.crc32c(view, start, end),
  });
  const now = Date.now();
  for (let index = 0; index < records; index++) {
    builder.append(now, null, distinctBytes(recordBytes, seed * records + index));
  }
  return builder.finish();
}

/** One Produce request with a batch for each of the given partitions. */
export function produceRequest(
  topic: string,
  acks: number,
  batches: readonly { partition: number; batch: Uint8Array }[],
): Buffer {
  const partitionData = batches.map(({ partition, batch }) => ({
    index: partition,
    records: batch,
  }));
  const request = { acks, timeoutMs, topicData: [{ name: topic, partitionData }] };
  return frame(ApiKey.PRODUCE, versions.produce, (writer) =>
    encodeProduceRequest(writer, request, versions.produce),
  );
}

/** A Fetch request for one partition, and where its fetch offset lies, to be patched for the next one. */
export function fetchRequest(
  topic: string,
  partition: number,
  maxBytes: number,
): { frame: Buffer; offsetAt: number } {
  const marker = 0x1234_5678;
  const request = {
    replicaId: -1,
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 2 * maxBytes,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        topic,
        partitions: [
          {
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: marker,
            logStartOffset: -1,
            partitionMaxBytes: maxBytes,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
  };
  const bytes = frame(ApiKey.FETCH, versions.fetch, (writer) =>
    encodeFetchRequest(writer, request, versions.fetch),
  );
  const needle = Buffer.alloc(8);
  needle.writeBigInt64BE(BigInt(marker));
  return { frame: bytes, offsetAt: bytes.indexOf(needle) };
}
