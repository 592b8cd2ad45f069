/** Writes a line as fast as it can, each value a multiple of the same number. */
import { workerData } from 'node:worker_threads';
import { newLineState, PartitionTable } from '../../../workers/ring/table.js';

const { memory, bells, lines, line, writes } = workerData as {
  memory: SharedArrayBuffer;
  bells: SharedArrayBuffer;
  lines: number;
  line: number;
  writes: number;
};
const table = new PartitionTable(memory, lines, new Int32Array(bells));
const state = newLineState();
for (let value = 1; value <= writes; value++) {
  state.highWatermark = value;
  state.logStartOffset = value * 2;
  state.logEndOffset = value * 3;
  state.leaderEpoch = value;
  table.publish(line, state);
}
