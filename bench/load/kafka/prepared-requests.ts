import {
  BATCH_FIELD,
  batchCrc,
  setBatchCrc,
  setProducer,
} from '../../../engine/protocol/kafka/record-batch.js';
import { Compression, loadCodecs } from '../../../native/index.js';
import { batchesPerSend, distinctSends, type ProduceShape, recordsPerBatch } from '../channel.js';
import { batchOf, produceRequest } from './requests.js';

const codecs = loadCodecs();

/** A whole Produce request with one batch for each partition whose turn it is. */
export interface PreparedRequest {
  readonly frame: Buffer;
  /** The batches' places in the frame. */
  readonly batches: readonly { partition: number; start: number; end: number }[];
  /** How often it was acknowledged. */
  acknowledged: number;
}

/** Requests whose records are all different, made before the load begins. */
export function prepareRequests(shape: ProduceShape): PreparedRequest[] {
  const { topic, partitions, recordBytes, batchBytes, acks, compression } = shape;
  const records = recordsPerBatch(recordBytes, batchBytes);
  const perSend = batchesPerSend(shape);
  return Array.from({ length: distinctSends(shape) }, (_, send) => {
    const batches = Array.from({ length: perSend }, (_, turn) => {
      const number = send * perSend + turn;
      const batch = batchOf(records, recordBytes, number * records, Compression[compression]);
      return { partition: number % partitions, batch };
    });
    const frame = produceRequest(topic, acks, batches);
    let end = 0;
    const places = batches.map(({ partition, batch }) => {
      const start = frame.indexOf(batch, end);
      end = start + batch.length;
      return { partition, start, end };
    });
    return { frame, batches: places, acknowledged: 0 };
  });
}

/** A producer of a batch: nothing that Kafka has seen before has the same three numbers. */
export interface Producer {
  readonly id: number;
  readonly epoch: number;
}

/** Writes into the batch at `[start, end)` who sends it as which of its records, and mends the CRC by the change. */
export function stampProducer(
  frame: Buffer,
  start: number,
  end: number,
  { id, epoch }: Producer,
  baseSequence: number,
): void {
  const from = start + BATCH_FIELD.producerId;
  const to = start + BATCH_FIELD.recordCount;
  const before = codecs.crc32c(frame, from, to);
  setProducer(frame, start, id, epoch, baseSequence);
  const after = codecs.crc32c(frame, from, to);
  const change = codecs.crc32cCombine((before ^ after) >>> 0, 0, end - to);
  setBatchCrc(frame, start, batchCrc(frame, start) ^ change);
}
