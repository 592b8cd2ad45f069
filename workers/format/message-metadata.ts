/** `MessageMetadata`, which stands once before each entry; field numbers as in PulsarApi.proto. */

import { bytesTag, FieldReader, varintTag } from '../../engine/protocol/pulsar/fields.js';
import { isSame } from './copy.js';
import { corrupt } from './entry-fault.js';
import { Property } from './properties.js';

export const TAG = {
  producerName: bytesTag(1),
  sequenceId: varintTag(2),
  publishTime: varintTag(3),
  property: bytesTag(4),
  partitionKey: bytesTag(6),
  compression: varintTag(8),
  uncompressedSize: varintTag(9),
  messages: varintTag(11),
  eventTime: varintTag(12),
  encryptionKey: bytesTag(13),
  keyIsBase64: varintTag(17),
  orderingKey: bytesTag(18),
  markerType: varintTag(20),
  txnLeast: varintTag(22),
  txnMost: varintTag(23),
  nullValue: varintTag(25),
  chunks: varintTag(27),
} as const;

/** How KoP marks entries that hold Kafka's batches as they are. */
export const ENTRY_FORMAT_KEY = Buffer.from('entry.format');
export const ENTRY_FORMAT_KAFKA = Buffer.from('kafka');
/** Not written by KoP, which says `kafka` in both formats; read for the format's own name. */
const entryFormatMixed = Buffer.from('mixed_kafka');

/** Marker types of the ends of transactions. */
export const MARKER_COMMIT = 21;
export const MARKER_ABORT = 22;

/** What Kopje says of the batches in an entry of the pulsar format; see `batch-property.ts`. */
export const BATCHES_KEY = Buffer.from('kopje.batches');

/** One entry's metadata, read where it lies. Starts of absent keys are -1, and so are absent numbers. */
export class MessageMetadata {
  view: Uint8Array = new Uint8Array();
  start = 0;
  end = 0;
  producerNameBytes = 0;
  publishTime = 0;
  partitionKeyStart = -1;
  partitionKeyEnd = -1;
  keyIsBase64 = false;
  orderingKeyStart = -1;
  orderingKeyEnd = -1;
  compression = 0;
  uncompressedBytes = -1;
  messages = -1;
  eventTime = -1;
  isEncrypted = false;
  markerType = -1;
  txnLeast = -1;
  txnMost = -1;
  isNull = false;
  chunks = 1;
  /** The payload is Kafka's batches. */
  isKafka = false;
  /** Where the value of Kopje's property lies, -1 without it. */
  batchesStart = -1;
  batchesEnd = -1;
  private readonly fields = new FieldReader(corrupt);
  private readonly property = new Property();

  /** Reads the message `view[start, end)`. Throws EntryFault. */
  read(view: Uint8Array, start: number, end: number): void {
    this.clear();
    this.view = view;
    this.start = start;
    this.end = end;
    const fields = this.fields.open(view, start, end);
    while (fields.next()) {
      if ((fields.tag & 7) === 0) this.takeNumber(fields.tag, fields.value);
      else this.takeBytes(fields.tag, fields.start, fields.stop);
    }
  }

  private clear(): void {
    this.producerNameBytes = 0;
    this.publishTime = 0;
    this.partitionKeyStart = -1;
    this.keyIsBase64 = false;
    this.orderingKeyStart = -1;
    this.compression = 0;
    this.uncompressedBytes = -1;
    this.messages = -1;
    this.eventTime = -1;
    this.isEncrypted = false;
    this.markerType = -1;
    this.txnLeast = -1;
    this.txnMost = -1;
    this.isNull = false;
    this.chunks = 1;
    this.isKafka = false;
    this.batchesStart = -1;
  }

  private takeNumber(tag: number, value: number): void {
    switch (tag) {
      case TAG.publishTime:
        this.publishTime = value;
        break;
      case TAG.compression:
        this.compression = value;
        break;
      case TAG.uncompressedSize:
        this.uncompressedBytes = value;
        break;
      case TAG.messages:
        this.messages = value;
        break;
      case TAG.eventTime:
        this.eventTime = value;
        break;
      case TAG.keyIsBase64:
        this.keyIsBase64 = value !== 0;
        break;
      case TAG.markerType:
        this.markerType = value;
        break;
      case TAG.txnLeast:
        this.txnLeast = value;
        break;
      case TAG.txnMost:
        this.txnMost = value;
        break;
      case TAG.nullValue:
        this.isNull = value !== 0;
        break;
      case TAG.chunks:
        this.chunks = value;
        break;
    }
  }

  private takeBytes(tag: number, start: number, end: number): void {
    switch (tag) {
      case TAG.producerName:
        this.producerNameBytes = end - start;
        break;
      case TAG.property:
        this.takeProperty(start, end);
        break;
      case TAG.partitionKey:
        this.partitionKeyStart = start;
        this.partitionKeyEnd = end;
        break;
      case TAG.orderingKey:
        this.orderingKeyStart = start;
        this.orderingKeyEnd = end;
        break;
      case TAG.encryptionKey:
        this.isEncrypted = true;
        break;
    }
  }

  private takeProperty(start: number, end: number): void {
    const { view } = this;
    const { keyStart, keyEnd, valueStart, valueEnd } = this.property.read(view, start, end);
    if (isSame(view, keyStart, keyEnd, BATCHES_KEY)) {
      this.batchesStart = valueStart;
      this.batchesEnd = valueEnd;
    } else if (isSame(view, keyStart, keyEnd, ENTRY_FORMAT_KEY)) {
      this.isKafka =
        isSame(view, valueStart, valueEnd, ENTRY_FORMAT_KAFKA) ||
        isSame(view, valueStart, valueEnd, entryFormatMixed);
    }
  }
}
