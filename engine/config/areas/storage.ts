import { choice, integer, text } from '../kinds.js';
import { setting } from '../setting.js';

/** Where records are kept and when they count as kept. */
export const storage = {
  dataDir: setting({
    kind: text('a path', /^[^\0]+$/),
    default: './data',
    origin: 'Kopje',
    summary: 'Directory of the embedded log and its metadata; relative to the working directory.',
  }),
  durability: setting({
    kind: choice(['fsync', 'os']),
    default: 'fsync',
    origin: 'Kopje',
    summary:
      'When acks=all is answered: fsync once the records are on disk, os once the operating ' +
      "system has them (Kafka's own default; a power cut loses the newest).",
  }),
  validateRecords: setting({
    kind: choice(['full', 'headers']),
    default: 'full',
    origin: 'Kopje',
    summary: 'How far produced batches are checked: every record, or the batch header and its CRC.',
  }),
  maxInflatedBytes: setting({
    kind: integer(1_048_576),
    default: 268_435_456,
    unit: 'bytes',
    origin: 'Kopje',
    summary: 'Most that a compressed batch may inflate to; larger ones are refused.',
  }),
  producerIdExpirationMs: setting({
    kind: integer(1),
    default: 86_400_000,
    unit: 'ms',
    origin: 'Kafka',
    kafkaName: 'producer.id.expiration.ms',
    summary: 'How long a partition remembers an idempotent producer that has gone quiet.',
  }),
};
