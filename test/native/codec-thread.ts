import { parentPort, workerData } from 'node:worker_threads';
import { FallbackCodecs } from '../../native/fallback/fallback-codecs.js';
import { batchCheckSlots, loadCodecs } from '../../native/index.js';
import { golden } from './samples.js';

/** Run as a thread: checks the same golden batches over and over and reports how many were bad. */
const { preference, rounds } = workerData as { preference: 'addon' | 'fallback'; rounds: number };
const codecs = preference === 'addon' ? loadCodecs('addon') : new FallbackCodecs();
const out = new Float64Array(batchCheckSlots);
const batches = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((name) =>
  golden(`java-${name}.batch`),
);
let bad = 0;
for (let round = 0; round < rounds; round++) {
  for (const batch of batches) {
    if (codecs.checkBatch(batch, 0, batch.length, 0, 1 << 20, out) !== 0) bad++;
  }
}
parentPort?.postMessage(bad);
