import { lastOffset } from '../../../engine/protocol/kafka/record-batch.js';
import type { Log, LogFault } from '../../../workers/log/log.js';
import { newResult, splitBatches, TestMemory } from './batches.js';

const memory = new TestMemory();

/** One read; the batches that it brought. */
export function readOnce(
  log: Log,
  offset: number,
  maxBytes = 2 ** 19,
  endOffset = log.logEndOffset,
  atLeastOneBatch = true,
): Uint8Array[] {
  const result = newResult();
  log.read(offset, endOffset, maxBytes, atLeastOneBatch, memory, result);
  if (result.starved) throw new Error('starved');
  if (result.start === -1) return [];
  const bytes = memory.view.slice(result.start, result.start + result.sizeBytes);
  memory.release(result.start);
  return splitBatches(bytes);
}

/** All batches from an offset to the end, read as a consumer does. */
export function readAll(
  log: Log,
  from = log.logStartOffset,
  maxBytes = 2 ** 19,
  endOffset = log.logEndOffset,
): Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (let offset = from; offset < endOffset; ) {
    const next = readOnce(log, offset, maxBytes, endOffset);
    if (next.length === 0) break;
    batches.push(...next);
    offset = lastOffset(next.at(-1)!, 0) + 1;
  }
  return batches;
}

export function flushed(log: Log): Promise<LogFault | null> {
  return new Promise((resolve) => log.flush(resolve));
}
