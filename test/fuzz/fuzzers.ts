import { batchFuzzer } from './batches.js';
import { compressedFuzzer } from './compressed.js';
import { frameFuzzer } from './frames.js';
import type { Fuzzer } from './fuzzer.js';
import { logFileFuzzer } from './log-files.js';
import { requestFuzzer } from './requests.js';

/** Everything that reads bytes from outside. */
export const fuzzers: readonly Fuzzer[] = [
  frameFuzzer,
  requestFuzzer,
  batchFuzzer,
  compressedFuzzer,
  logFileFuzzer,
];
