import {
  BATCH_HEADER_BYTES,
  compression,
  recordCount,
} from '../../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../../engine/protocol/kafka/record-cursor.js';
import type { Codecs } from '../../../native/codecs.js';

/** Bound of a compressed batch's records; what a broker accepted before may be larger than it does now. */
const maxInflatedBytes = 2 ** 30;

/** The records of the batch `view[start, end)`, decompressed where needed. Throws CodecError, ProtocolError. */
export function recordsOf(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
): RecordCursor {
  const codec = compression(view, start);
  const from = start + BATCH_HEADER_BYTES;
  const count = recordCount(view, start);
  if (codec === 0) return new RecordCursor().open(view, from, end, count);
  const plain = codecs.inflate(codec, view, from, end, maxInflatedBytes);
  return new RecordCursor().open(plain, 0, plain.length, count);
}
