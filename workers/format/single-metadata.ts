/** `SingleMessageMetadata`, which stands before each message of a batch; field numbers as in PulsarApi.proto. */
import { bytesTag, FieldReader, varintTag } from '../../engine/protocol/pulsar/fields.js';
import { corrupt } from './entry-fault.js';

export const SINGLE_TAG = {
  property: bytesTag(1),
  partitionKey: bytesTag(2),
  payloadSize: varintTag(3),
  compactedOut: varintTag(4),
  eventTime: varintTag(5),
  keyIsBase64: varintTag(6),
  orderingKey: bytesTag(7),
  sequenceId: varintTag(8),
  nullValue: varintTag(9),
} as const;

/** One message's metadata, read where it lies. Starts of absent keys are -1, and so are absent numbers. */
export class SingleMetadata {
  partitionKeyStart = -1;
  partitionKeyEnd = -1;
  keyIsBase64 = false;
  orderingKeyStart = -1;
  orderingKeyEnd = -1;
  payloadBytes = -1;
  isCompactedOut = false;
  eventTime = -1;
  isNull = false;
  properties = 0;
  private readonly fields = new FieldReader(corrupt);

  /** Reads the message `view[start, end)`. Throws EntryFault. */
  read(view: Uint8Array, start: number, end: number): void {
    this.partitionKeyStart = -1;
    this.keyIsBase64 = false;
    this.orderingKeyStart = -1;
    this.payloadBytes = -1;
    this.isCompactedOut = false;
    this.eventTime = -1;
    this.isNull = false;
    this.properties = 0;
    const fields = this.fields.open(view, start, end);
    while (fields.next()) {
      switch (fields.tag) {
        case SINGLE_TAG.property:
          this.properties++;
          break;
        case SINGLE_TAG.partitionKey:
          this.partitionKeyStart = fields.start;
          this.partitionKeyEnd = fields.stop;
          break;
        case SINGLE_TAG.payloadSize:
          this.payloadBytes = fields.value;
          break;
        case SINGLE_TAG.compactedOut:
          this.isCompactedOut = fields.value !== 0;
          break;
        case SINGLE_TAG.eventTime:
          this.eventTime = fields.value;
          break;
        case SINGLE_TAG.keyIsBase64:
          this.keyIsBase64 = fields.value !== 0;
          break;
        case SINGLE_TAG.orderingKey:
          this.orderingKeyStart = fields.start;
          this.orderingKeyEnd = fields.stop;
          break;
        case SINGLE_TAG.nullValue:
          this.isNull = fields.value !== 0;
          break;
      }
    }
  }
}
