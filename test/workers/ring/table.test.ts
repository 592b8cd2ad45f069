import { Worker } from 'node:worker_threads';
import t from 'tap';
import { allocateBells } from '../../../workers/ring/bell.js';
import { Line, lineWords } from '../../../workers/ring/slots.js';
import { allocateTable, newLineState, PartitionTable } from '../../../workers/ring/table.js';

function tableOf(lines: number): { memory: SharedArrayBuffer; bells: SharedArrayBuffer } {
  return { memory: allocateTable(lines), bells: allocateBells(1) };
}

t.test('a reader never sees half a write of the owner', async (t) => {
  const { memory, bells } = tableOf(4);
  const table = new PartitionTable(memory, 4, new Int32Array(bells));
  const writes = 200_000;
  const owner = new Worker(new URL('./table-owner.js', import.meta.url), {
    workerData: { memory, bells, lines: 4, line: 2, writes },
  });
  const ended = new Promise<void>((resolve) => owner.once('exit', () => resolve()));
  await new Promise((resolve) => owner.once('online', resolve));
  const state = newLineState();
  let torn = 0;
  let last = 0;
  while (last < writes) {
    table.read(2, state);
    const { highWatermark } = state;
    if (
      state.logStartOffset !== highWatermark * 2 ||
      state.logEndOffset !== highWatermark * 3 ||
      state.leaderEpoch !== highWatermark
    ) {
      torn++;
    }
    if (highWatermark < last) torn++;
    last = highWatermark;
  }
  t.equal(torn, 0);
  await ended;
});

t.test('only a watched line that moved wakes', (t) => {
  const { memory, bells } = tableOf(100);
  const table = new PartitionTable(memory, 100, new Int32Array(bells));
  const state = { ...newLineState(), highWatermark: 5 };
  t.equal(table.publish(70, state), false, 'not watched');
  table.watch(70, true);
  t.equal(table.publish(70, state), false, 'watched, but nothing moved');
  state.highWatermark = 6;
  t.equal(table.publish(70, state), true);
  const woken: number[] = [];
  table.takeWakes((line) => woken.push(line));
  table.takeWakes((line) => woken.push(line));
  t.strictSame(woken, [70]);
  t.end();
});

t.test('settle ends the write that a dead owner left under way', (t) => {
  const { memory, bells } = tableOf(2);
  const table = new PartitionTable(memory, 2, new Int32Array(bells));
  table.publish(1, { ...newLineState(), highWatermark: 9 });
  new Int32Array(memory)[lineWords + Line.sequence] = 3;
  t.equal(table.read(1, newLineState()).highWatermark, 9, 'a reader does not wait for ever');
  table.settle(1);
  t.equal(table.read(1, newLineState()).highWatermark, 9);
  table.reset(1);
  t.equal(table.read(1, newLineState()).highWatermark, 0);
  t.end();
});
