import type { AppendDetail } from '../ring/detail.js';

const nothing: Uint8Array = new Uint8Array();

/** What the check of one record set came to; the validator's caller reuses it. */
export class Verdict {
  /** Kafka error code; the rest holds only if this is 0. */
  errorCode = 0;
  /** Of `EnvelopeFault` or `BatchFault`: what is wrong, where the error code does not say all; else 0. */
  fault = 0;
  detail: AppendDetail | null = null;
  /** The bytes to append: the slab's own, or new ones if the batch was rebuilt. */
  view: Uint8Array = nothing;
  start = 0;
  end = 0;
  recordCount = 0;
  /** Last offset minus base offset. */
  lastOffsetDelta = 0;
  maxTimestamp = -1;
  /** -1 without a producer. */
  producerId = -1;
  producerEpoch = -1;
  baseSequence = -1;
  /** With LogAppendTime, else -1. */
  appendTimeMs = -1;
}
