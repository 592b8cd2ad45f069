import { totalmem } from 'node:os';
import type { Settings } from '../../config/schema.js';
import type { Finding } from '../finding.js';

const mebibyte = 1_048_576;
/** Heaps and code of the main thread, and of each worker. */
const mainBytes = 96 * mebibyte;
const heapBytesPerWorker = 48 * mebibyte;
/** What should stay for the page cache, which reads and writes live from. */
const mostShare = 0.75;

/** Whether the memory that the settings allow fits into the machine, or into its container. */
export function checkMemory(settings: Settings): Finding {
  const { landingBytes, replyBytesPerWorker, workers } = settings;
  const perWorker = replyBytesPerWorker + heapBytesPerWorker;
  const wantedBytes = mainBytes + landingBytes + workers * perWorker;
  // 0 where the platform knows no such limit.
  const allowedBytes = process.constrainedMemory() || totalmem();
  const availableBytes = Math.min(allowedBytes, totalmem());
  const text =
    `${inMebibytes(availableBytes)} MiB; Kopje may come to ${inMebibytes(wantedBytes)} MiB ` +
    `with ${workers} workers`;
  if (wantedBytes <= availableBytes * mostShare) return { level: 'ok', subject: 'memory', text };
  const advice = 'lower workers, landingBytes or replyBytesPerWorker';
  return { level: 'warning', subject: 'memory', text, advice };
}

function inMebibytes(bytes: number): number {
  return Math.floor(bytes / mebibyte);
}
