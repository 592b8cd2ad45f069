/** Loads whose requests are counted, so that two runs are alike. */
import type { RawConnection } from '../../bench/load/kafka/raw-connection.js';
import {
  batchOf,
  createTopicRequest,
  fetchRequest,
  produceRequest,
  versions,
} from '../../bench/load/kafka/requests.js';
import { Reader } from '../../engine/protocol/kafka/reader.js';
import { lastOffset } from '../../engine/protocol/kafka/record-batch.js';
import { Compression } from '../../native/index.js';
import { createTopicsExchange, fetchExchange, produceExchange } from '../exchanges.js';
import { headerBytesOf } from '../raw-client.js';

export interface ProduceShape {
  readonly topic: string;
  readonly partitions: number;
  readonly recordsPerBatch: number;
  readonly recordBytes: number;
}

export async function createTopic(
  connection: RawConnection,
  topic: string,
  partitions: number,
  configs: Readonly<Record<string, string>>,
): Promise<void> {
  const body = await connection.ask(createTopicRequest(topic, partitions, configs));
  const reader = new Reader(body, headerBytesOf(createTopicsExchange, versions.createTopics));
  const [made] = createTopicsExchange.decode(reader, versions.createTopics).topics;
  if (made?.errorCode !== 0) throw new Error(`CreateTopics was answered with ${made?.errorCode}`);
}

/** Requests of one batch for each partition, as the benchmark has them; no two records are the same. */
export function produceFrames(
  shape: ProduceShape,
  count: number,
  compression: keyof typeof Compression = 'none',
): Buffer[] {
  const { topic, partitions, recordsPerBatch, recordBytes } = shape;
  return Array.from({ length: count }, (_, request) => {
    const batches = Array.from({ length: partitions }, (_, partition) => {
      const firstNumber = (request * partitions + partition) * recordsPerBatch;
      const codec = Compression[compression];
      return { partition, batch: batchOf(recordsPerBatch, recordBytes, firstNumber, codec) };
    });
    return produceRequest(topic, -1, batches);
  });
}

/** Sends `count` requests with so many in flight; resolves when all are answered without an error. */
export function produceAll(
  connection: RawConnection,
  frames: readonly Buffer[],
  count: number,
  inFlight: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let body: Buffer[] = [];
    const send = () => connection.send(frames[sent++ % frames.length] as Buffer);
    connection.receive({
      bytes: (chunk) => void body.push(Buffer.from(chunk)),
      end: () => {
        const headerBytes = headerBytesOf(produceExchange, versions.produce);
        const reader = new Reader(Buffer.concat(body), headerBytes);
        body = [];
        const { responses } = produceExchange.decode(reader, versions.produce);
        const error = responses[0]?.partitionResponses.find(({ errorCode }) => errorCode !== 0);
        if (error) reject(new Error(`Produce was answered with error ${error.errorCode}`));
        if (++answered === count) resolve();
        else if (sent < count) send();
      },
    });
    while (sent < Math.min(inFlight, count)) send();
  });
}

/**
 * Fetches a partition from its start to its end, up to `maxBytes` at a time; returns the bytes of its batches, which
 * must follow each other, and how many requests it took.
 */
export async function fetchAll(
  connection: RawConnection,
  topic: string,
  partition: number,
  maxBytes: number,
): Promise<{ sizeBytes: number; requests: number }> {
  const { frame, offsetAt } = fetchRequest({
    topic,
    partition,
    maxBytes,
    maxWaitMs: 500,
  });
  let [offset, sizeBytes] = [0, 0];
  for (let requests = 1; ; requests++) {
    frame.writeInt32BE(0, offsetAt);
    frame.writeInt32BE(offset, offsetAt + 4);
    const body = await connection.ask(frame);
    const reader = new Reader(body, headerBytesOf(fetchExchange, versions.fetch));
    const answer = fetchExchange.decode(reader, versions.fetch).responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) throw new Error('Fetch failed');
    const records = Buffer.from((answer.records ?? []) as Uint8Array);
    sizeBytes += records.length;
    for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) {
      if (records.readInt32BE(at + 4) !== offset) throw new Error('a batch is missing');
      offset = lastOffset(records, at) + 1;
    }
    if (offset >= answer.highWatermark) return { sizeBytes, requests };
  }
}

/** Fetches the same batches again and again, one request at a time. */
export async function fetchAgain(
  connection: RawConnection,
  topic: string,
  maxBytes: number,
  count: number,
): Promise<void> {
  const { frame, offsetAt } = fetchRequest({ topic, partition: 0, maxBytes, maxWaitMs: 500 });
  frame.fill(0, offsetAt, offsetAt + 8);
  let sizeBytes = 0;
  for (let sent = 0; sent < count; sent++) {
    const body = await connection.ask(frame);
    if (sent === 0) sizeBytes = body.length;
    if (body.length < 100 || body.length !== sizeBytes) throw new Error('Fetch brought too little');
  }
}
