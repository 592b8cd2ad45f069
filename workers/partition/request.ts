import type { AppendDetail } from '../ring/detail.js';

/** One record set of a Produce request (or of a coordinator) on its way through a partition. */
export class AppendRequest {
  /** Identifies the request to the main thread; answered exactly once. */
  token = 0;
  /** Borrowed: the landing slab; the record set is `view[start, end)`. */
  view: Uint8Array;
  start = 0;
  end = 0;
  /** -1, 0 or 1 as on the wire. */
  acks = -1;
  /** Appended by a coordinator of ours: exempt from the checks on clients. */
  internal = false;

  // The answer.
  /** Kafka error code. */
  errorCode = 0;
  baseOffset = -1;
  lastOffset = -1;
  /** With LogAppendTime, else -1. */
  appendTimeMs = -1;
  logStartOffset = -1;
  /** See `Verdict.fault`. */
  fault = 0;
  /** KIP-467: for INVALID_RECORD and its like; absent otherwise. */
  detail: AppendDetail | null = null;

  constructor(token: number, view: Uint8Array, start: number, end: number) {
    this.token = token;
    this.view = view;
    this.start = start;
    this.end = end;
  }
}
