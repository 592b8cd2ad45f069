import { ApiKey } from '../../../engine/protocol/kafka/api-keys.js';
import { encodeCreateTopicsRequest } from '../../../engine/protocol/kafka/messages/create-topics-request.js';
import { encodeDeleteTopicsRequest } from '../../../engine/protocol/kafka/messages/delete-topics-request.js';
import { encodeFetchRequest } from '../../../engine/protocol/kafka/messages/fetch-request.js';
import { encodeInitProducerIdRequest } from '../../../engine/protocol/kafka/messages/init-producer-id-request.js';
import { encodeListOffsetsRequest } from '../../../engine/protocol/kafka/messages/list-offsets-request.js';
import { encodeMetadataRequest } from '../../../engine/protocol/kafka/messages/metadata-request.js';
import { encodeProduceRequest } from '../../../engine/protocol/kafka/messages/produce-request.js';
import { BATCH_HEADER_BYTES } from '../../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { Writer } from '../../../engine/protocol/kafka/writer.js';
import { Compression, loadCodecs } from '../../../native/index.js';
import { sealBatch } from '../../../workers/batch/header.js';
import { putRecord } from '../records.js';

/** Versions that every broker since Kafka 2.1 answers, none of them flexible: headers stay simple. */
export const versions = {
  produce: 7,
  fetch: 11,
  createTopics: 3,
  deleteTopics: 3,
  initProducerId: 1,
  metadata: 4,
  listOffsets: 2,
} as const;

/** For what the broker does itself. */
const timeoutMs = 30_000;
/** Asks for the end. */
const latestTimestamp = -1;
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

/** For no topic: only who is there. */
export function metadataRequest(): Buffer {
  const request = {
    topics: [],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
  return frame(ApiKey.METADATA, versions.metadata, (writer) =>
    encodeMetadataRequest(writer, request, versions.metadata),
  );
}

/** For the ends of all partitions. */
export function listOffsetsRequest(topic: string, partitions: number): Buffer {
  const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    currentLeaderEpoch: -1,
    timestamp: latestTimestamp,
  }));
  const request = {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: asked }],
    timeoutMs,
  };
  return frame(ApiKey.LIST_OFFSETS, versions.listOffsets, (writer) =>
    encodeListOffsetsRequest(writer, request, versions.listOffsets),
  );
}

/** For an idempotent producer. */
export function initProducerIdRequest(): Buffer {
  const request = { transactionalId: null, transactionTimeoutMs: timeoutMs };
  return frame(ApiKey.INIT_PRODUCER_ID, versions.initProducerId, (writer) =>
    encodeInitProducerIdRequest(writer, request, versions.initProducerId),
  );
}

export function deleteTopicRequest(name: string): Buffer {
  const request = { topicNames: [name], timeoutMs };
  return frame(ApiKey.DELETE_TOPICS, versions.deleteTopics, (writer) =>
    encodeDeleteTopicsRequest(writer, request, versions.deleteTopics),
  );
}

/** One batch of the records from `firstNumber` on. */
export function batchOf(
  records: number,
  recordBytes: number,
  firstNumber: number,
  compression: Compression = Compression.none,
): Uint8Array {
  const builder = new RecordBatchBuilder({
    crc32c: (view, start, end) => codecs.crc32c(view, start, end),
  });
  const nowMs = Date.now();
  for (let index = 0; index < records; index++) {
    const value = Buffer.allocUnsafe(recordBytes);
    putRecord(value, 0, recordBytes, firstNumber + index);
    builder.append(nowMs, null, value);
  }
  const plain = builder.finish();
  return compression === Compression.none ? plain : packed(plain, compression);
}

function packed(plain: Uint8Array, compression: Compression): Uint8Array {
  const records = codecs.compress(compression, plain, BATCH_HEADER_BYTES, plain.length);
  const batch = Buffer.concat([plain.subarray(0, BATCH_HEADER_BYTES), records]);
  sealBatch(codecs, batch, compression);
  return batch;
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

/** What is fetched. */
export interface FetchOrder {
  readonly topic: string;
  readonly partition: number;
  readonly maxBytes: number;
  /** For records, where there are none. */
  readonly maxWaitMs: number;
}

/** A Fetch request for one partition, and where its fetch offset lies, to be patched for the next one. */
export function fetchRequest({ topic, partition, maxBytes, maxWaitMs }: FetchOrder): {
  frame: Buffer;
  offsetAt: number;
} {
  const marker = 0x1234_5678;
  const request = {
    replicaId: -1,
    maxWaitMs,
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
