/**
 * KIP-467: which records of a rejected batch are to blame. The check names only the first one, so the
 * batch is walked again here; nothing of this runs for a batch that is accepted.
 */
import { ProtocolError } from '../../engine/protocol/kafka/protocol-error.js';
import {
  BATCH_HEADER_BYTES,
  baseTimestamp,
  compression,
  isLogAppendTime,
  maxTimestamp,
  recordCount,
} from '../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../engine/protocol/kafka/record-cursor.js';
import { type Codecs, Compression } from '../../native/codecs.js';
import type { LogConfig } from '../log/log.js';
import type { AppendDetail } from '../ring/detail.js';

/** Errors listed of one batch; a batch may have as many records as it has bytes. */
const maxListedErrors = 1000;
/** Errors that the message itself quotes, as in Kafka. */
const quotedErrors = 3;

type RecordErrors = AppendDetail['recordErrors'];

/** Looks at one record: a message, or null if nothing is wrong with it. */
type Judge = (timestamp: number, hasKey: boolean, delta: number) => string | null;

export interface TimestampBounds {
  readonly config: LogConfig;
  readonly maxInflatedBytes: number;
}

/** Details for a compacted topic that got records without a key. */
export function keyErrors(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  maxInflatedBytes: number,
): AppendDetail {
  const errors = judgeRecords(codecs, view, start, end, maxInflatedBytes, (_timestamp, hasKey) =>
    hasKey ? null : 'Compacted topic cannot accept message without key',
  );
  const quoted = errors
    .slice(0, quotedErrors)
    .map((error) => `${error.batchIndex}: ${error.message}`);
  return {
    message: `${errors.length} records were rejected; the first: ${quoted.join(', ')}`,
    recordErrors: errors,
  };
}

/** Details for timestamps that the topic does not accept. */
export function timestampErrors(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  nowMs: number,
  bounds: TimestampBounds,
): AppendDetail {
  const { config, maxInflatedBytes } = bounds;
  const least = nowMs - config.timestampBeforeMaxMs;
  const greatest = nowMs + config.timestampAfterMaxMs;
  const errors = judgeRecords(codecs, view, start, end, maxInflatedBytes, (timestamp, _, delta) => {
    if (config.timestampType === 'LogAppendTime') {
      return 'Producers may not set the timestamp type to LogAppendTime';
    }
    if (timestamp === -1 || (timestamp >= least && timestamp <= greatest)) return null;
    return `Timestamp ${timestamp} of record ${delta} is not within [${least}, ${greatest}]`;
  });
  return {
    message: 'One or more records have been rejected due to invalid timestamp',
    recordErrors: errors,
  };
}

/** Walks a batch that `checkBatch` found sound. */
function judgeRecords(
  codecs: Codecs,
  view: Uint8Array,
  start: number,
  end: number,
  maxInflatedBytes: number,
  judge: Judge,
): RecordErrors {
  const from = start + BATCH_HEADER_BYTES;
  const packed = compression(view, start);
  const records =
    packed === Compression.none
      ? view.subarray(from, end)
      : codecs.inflate(packed, view, from, end, maxInflatedBytes);
  const base = baseTimestamp(view, start);
  const fixed = isLogAppendTime(view, start) ? maxTimestamp(view, start) : null;
  const cursor = new RecordCursor().open(records, 0, records.length, recordCount(view, start));
  const errors: RecordErrors = [];
  for (let index = 0; errors.length < maxListedErrors && hasNext(cursor); index++) {
    const timestamp = fixed ?? base + cursor.timestampDelta;
    const message = judge(timestamp, cursor.keyStart !== -1, cursor.offsetDelta);
    if (message !== null) errors.push({ batchIndex: index, message });
  }
  return errors;
}

/** Like Kafka, the check takes any negative length for null; the cursor does not, and ends the list. */
function hasNext(cursor: RecordCursor): boolean {
  try {
    return cursor.next();
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
