import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { KAFKA_ENVELOPE_BYTES, putKafkaEnvelope } from '../../format/entry-encoder.js';
import { METADATA_SIZE_BYTES } from '../../format/envelope.js';
import type { OutgoingEntry } from './producer.js';

/** None that Pulsar gives a meaning to: readers are not sent the entry, and that is all. */
const markerType = 0;
/** Version 0, type LEADER_CHANGE. */
const controlKey = Buffer.from([0, 0, 0, 2]);
/** LeaderChangeMessage version 0: no leader is named, no voters. */
const leaderChange = Buffer.from([0, 0, 0xff, 0xff, 0xff, 0xff, 1, 1, 0]);

/**
 * The entry that a new owner writes before all others, to learn where they will be: as Kafka's controllers do, a
 * control batch that says so. KoP serves it as such, Pulsar's consumers never see it.
 */
export function barrierEntry(nowMs: number): OutgoingEntry {
  const builder = new RecordBatchBuilder({ control: true });
  builder.append(nowMs, controlKey, leaderChange);
  const batch = builder.finish();
  const envelope = Buffer.alloc(KAFKA_ENVELOPE_BYTES);
  const end = putKafkaEnvelope(1, nowMs, envelope, 0, envelope.length, markerType);
  return {
    messageCount: 1,
    metadata: envelope.subarray(METADATA_SIZE_BYTES, end),
    payload: [batch],
    payloadBytes: batch.length,
    checksum: null,
  };
}
