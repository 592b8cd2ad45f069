/** `npm run bench:micro -- codec`: the codecs of Produce and Fetch on the shapes of decision 12's figures. */
import type { Encodable } from '../../engine/protocol/kafka/encodable.js';
import {
  decodeFetchRequest,
  encodeFetchRequest,
  type FetchRequest,
} from '../../engine/protocol/kafka/messages/fetch-request.js';
import {
  encodeFetchResponse,
  type FetchResponse,
} from '../../engine/protocol/kafka/messages/fetch-response.js';
import {
  decodeProduceRequest,
  encodeProduceRequest,
  type ProduceRequest,
} from '../../engine/protocol/kafka/messages/produce-request.js';
import {
  encodeProduceResponse,
  type ProduceResponse,
} from '../../engine/protocol/kafka/messages/produce-response.js';
import { Reader } from '../../engine/protocol/kafka/reader.js';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import { Writer } from '../../engine/protocol/kafka/writer.js';
import { time } from './time.js';

const FETCH_VERSION = 17;
const PRODUCE_VERSION = 9;

const range = (length: number) => Array.from({ length }, (_, index) => index);
const topicId = (topic: number) => Buffer.alloc(16, topic + 1).toString('base64url');

function fetchRequest(topics: number, partitions: number): Encodable<FetchRequest> {
  return {
    maxWaitMs: 500,
    minBytes: 1,
    sessionId: 7,
    sessionEpoch: 3,
    topics: range(topics).map((topic) => ({
      topicId: topicId(topic),
      partitions: range(partitions).map((partition) => ({
        partition,
        currentLeaderEpoch: 1,
        fetchOffset: 5_000_000_000 + partition,
        logStartOffset: -1,
        partitionMaxBytes: 1_048_576,
      })),
    })),
  };
}

function fetchResponse(topics: number, partitions: number): Encodable<FetchResponse> {
  const records = new Uint8Array(16 * 1024);
  return {
    sessionId: 7,
    responses: range(topics).map((topic) => ({
      topicId: topicId(topic),
      partitions: range(partitions).map((partitionIndex) => ({
        partitionIndex,
        highWatermark: 5_000_000_000,
        lastStableOffset: 5_000_000_000,
        logStartOffset: 0,
        abortedTransactions: null,
        records,
      })),
    })),
  };
}

function produceRequest(
  topics: number,
  partitions: number,
  recordBytes: number,
): Encodable<ProduceRequest> {
  return {
    acks: -1,
    timeoutMs: 30_000,
    topicData: range(topics).map((topic) => ({
      name: `topic-${topic}`,
      partitionData: range(partitions).map((index) => ({
        index,
        records: new Uint8Array(recordBytes),
      })),
    })),
  };
}

function produceResponse(topics: number, partitions: number): Encodable<ProduceResponse> {
  return {
    responses: range(topics).map((topic) => ({
      name: `topic-${topic}`,
      partitionResponses: range(partitions).map((index) => ({
        index,
        baseOffset: 5_000_000_000,
        logAppendTimeMs: -1,
        logStartOffset: 0,
      })),
    })),
  };
}

/** The bytes of a message, in shared memory as a frame is. */
function frameOf(encode: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  encode(writer);
  const bytes = writer.finishWhole();
  const frame = new Uint8Array(new SharedArrayBuffer(bytes.length));
  frame.set(bytes);
  return frame;
}

function timeDecode<T>(
  title: string,
  decode: (reader: Reader, version: number) => T,
  version: number,
  frame: Uint8Array,
): void {
  time(`decode ${title}`, () => decode(new Reader(frame), version));
}

function timeEncode(title: string, encode: (writer: Writer) => void): void {
  time(`encode ${title}`, () => {
    const writer = new Writer();
    encode(writer);
    return writer.finish();
  });
}

function timeFetch(topics: number, partitions: number): void {
  const shape = `v${FETCH_VERSION} ${topics}×${partitions}`;
  const request = fetchRequest(topics, partitions);
  const frame = frameOf((w) => encodeFetchRequest(w, request, FETCH_VERSION));
  timeDecode(`Fetch request ${shape}`, decodeFetchRequest, FETCH_VERSION, frame);
  const response = fetchResponse(topics, partitions);
  timeEncode(`Fetch response ${shape}`, (w) => encodeFetchResponse(w, response, FETCH_VERSION));
}

function timeProduce(topics: number, partitions: number, recordBytes: number): void {
  const shape = `v${PRODUCE_VERSION} ${topics}×${partitions}, ${recordBytes} bytes each`;
  const request = produceRequest(topics, partitions, recordBytes);
  const frame = frameOf((w) => encodeProduceRequest(w, request, PRODUCE_VERSION));
  timeDecode(`Produce request ${shape}`, decodeProduceRequest, PRODUCE_VERSION, frame);
  const response = produceResponse(topics, partitions);
  timeEncode(`Produce response ${shape}`, (w) =>
    encodeProduceResponse(w, response, PRODUCE_VERSION),
  );
}

function timeRecords(count: number): void {
  const builder = new RecordBatchBuilder();
  const value = new Uint8Array(100);
  for (let i = 0; i < count; i++) builder.append(1_700_000_000_000 + i, null, value);
  const batch = frameOf((w) => w.raw(builder.finish()));
  const cursor = new RecordCursor();
  time(
    `walk a record, in a batch of ${count}`,
    () => {
      cursor.openBatch(batch, 0);
      while (cursor.next());
    },
    { units: count },
  );
}

timeFetch(1, 1);
timeFetch(10, 10);
timeProduce(1, 1, 16 * 1024);
timeProduce(5, 4, 4 * 1024);
timeRecords(1_000);
