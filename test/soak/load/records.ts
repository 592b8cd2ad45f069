/** Producers of sizes and codecs, consumers that wait and that lag. */
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { packBatch } from '../../crash/load/batches.js';
import { initProducerIdExchange, produceExchange } from '../../exchanges.js';
import type { RawClient } from '../../raw-client.js';
import { fetch, produce } from '../../whole/records.js';
import type { Stage } from './stage.js';
import { stayingTopics } from './topics.js';

const sizes = [10, 1_000, 100_000, 600_000];
const codecs = [0, 1, 2, 3, 4];
const keys = 500;
const lagBytes = 200_000;
/** Kafka's OFFSET_OUT_OF_RANGE: retention was faster than the consumer. */
const outOfRange = 1;

/** Half text, half noise, so that codecs have something to do and something to keep. */
function textOf(sizeBytes: number, seed: number): string {
  const unit = `${Math.sin(seed)}`;
  return unit.repeat(Math.ceil(sizeBytes / unit.length)).slice(0, sizeBytes);
}

async function produceOrThrow(
  client: RawClient,
  topic: string,
  partition: number,
  batch: Uint8Array,
): Promise<void> {
  const { errorCode } = await produce(client, topic, partition, batch);
  if (errorCode !== 0) throw new Error(`Produce to ${topic}-${partition}: error ${errorCode}`);
}

/** Every size with every codec, some as an idempotent producer that sends now and then twice. */
export async function produceSizes(stage: Stage): Promise<void> {
  const client = await stage.connect();
  for (let round = 0; stage.active; round++) {
    const request = { transactionalId: null, transactionTimeoutMs: 1_000 };
    const { producerId, producerEpoch } = await client.ask(initProducerIdExchange, request, 3);
    let baseSequence = 0;
    for (const codec of codecs) {
      for (const sizeBytes of sizes) {
        if (!stage.active) return;
        const idempotent = round % 2 === 0 ? { producerId, producerEpoch, baseSequence } : {};
        const batch = packBatch([textOf(sizeBytes, round + codec)], idempotent, codec);
        const partition = round % stayingTopics.short.partitions;
        await produceOrThrow(client, 'short', partition, batch);
        if (codec === 1) await produceOrThrow(client, 'short', partition, batch);
        if (round % 2 === 0) baseSequence++;
        stage.count('batches produced');
        await stage.pause(5);
      }
    }
  }
}

/** The same keys again and again, without waiting for answers. */
export async function produceKeys(stage: Stage): Promise<void> {
  const client = await stage.connect();
  for (let round = 0; stage.active; round++) {
    const builder = new RecordBatchBuilder();
    for (let key = 0; key < keys; key++) {
      const value = key % 50 === 0 ? null : Buffer.from(textOf(200, round + key));
      builder.append(Date.now(), Buffer.from(`key ${key}`), value);
    }
    const partition = round % stayingTopics.compacted.partitions;
    await produceOrThrow(client, 'compacted', partition, builder.finish());
    stage.count('batches produced');
    await stage.pause(15);
  }
}

/** acks=0 and a close right behind it. */
export async function produceUnasked(stage: Stage): Promise<void> {
  while (stage.active) {
    const client = await stage.connect();
    const records = packBatch([textOf(5_000, 1)], {}, 0);
    const topicData = [{ name: 'short', partitionData: [{ index: 0, records }] }];
    const asked = client.ask(produceExchange, { acks: 0, timeoutMs: 1_000, topicData }, 9);
    client.close();
    await asked.catch(() => {});
    stage.count('batches produced');
    await stage.pause(100);
  }
}

/** Waits at the end of a topic for what comes, or reads all of it from the start in small pieces. */
export function consume(topic: keyof typeof stayingTopics, isLagging: boolean) {
  return async function consumeTopic(stage: Stage): Promise<void> {
    const client = await stage.connect();
    const offsets = new Array<number>(stayingTopics[topic].partitions).fill(0);
    const maxBytes = isLagging ? lagBytes : 10 * lagBytes;
    while (stage.active) {
      const places = offsets.map((fetchOffset, partition) => ({
        partition,
        fetchOffset,
        partitionMaxBytes: maxBytes,
      }));
      const options = { maxWaitMs: isLagging ? 0 : 300, minBytes: isLagging ? 1 : 2_000, maxBytes };
      const { responses } = await fetch(client, topic, places, options);
      for (const answer of responses[0]?.partitions ?? []) {
        const { partitionIndex: index, errorCode, logStartOffset, highWatermark } = answer;
        if (errorCode === outOfRange) offsets[index] = logStartOffset;
        else if (errorCode !== 0) throw new Error(`Fetch ${topic}-${index}: error ${errorCode}`);
        else offsets[index] = Math.max(offsets[index] ?? 0, nextOffset(answer.records));
        if (isLagging && (offsets[index] ?? 0) >= highWatermark) offsets[index] = logStartOffset;
      }
      stage.count('fetches');
      await stage.pause(isLagging ? 20 : 0);
    }
  };
}

/** The offset behind a record set; its last batch may be cut. */
function nextOffset(records: unknown): number {
  const view = Buffer.from((records ?? new Uint8Array(0)) as Uint8Array);
  let offset = -1;
  for (let at = 0; at + 61 <= view.length; at += 12 + view.readInt32BE(at + 8)) {
    offset = Number(view.readBigInt64BE(at)) + view.readInt32BE(at + 23) + 1;
  }
  return offset;
}
