/**
 * Loaded by `--import` into every thread of a broker: counts how much of our source was run, block by block, in
 * characters of compiled JavaScript, and what was put on the heap. A loop's body counts as often as it runs. Neither is
 * a measure of time, but with the test's flags the same work comes to the same numbers on every machine.
 */
import { Session } from 'node:inspector';
import { PerformanceObserver } from 'node:perf_hooks';
import { answerOrders } from './every-thread.js';

export interface ThreadWork {
  /** Characters of source. */
  readonly run: number;
  /** On the heap, with what is garbage by now. */
  readonly heapBytes: number;
  /** Of array buffers beside it. */
  readonly bufferBytes: number;
  /** Garbage was collected meanwhile: what was put on the heap is not known. */
  readonly isCollected: boolean;
}

/** As V8's inspector has it. */
interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

const session = new Session();
session.connect();
session.post('Profiler.enable');
// From the start: what was compiled before has no blocks to count.
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Characters run, by script; what was told is counted from nought again. */
function takeRun(): number {
  let run = 0;
  session.post('Profiler.takePreciseCoverage', (error, answer) => {
    if (error !== null) throw error;
    for (const { url, functions } of answer.result) {
      if (!/\/dist\/(engine|workers|native)\//.test(url)) continue;
      run += runOf(functions.flatMap(({ ranges }) => ranges));
    }
  });
  return run;
}

/** The ranges of a script lie in each other: where a character stands in several, the innermost counts. */
function runOf(ranges: readonly Range[]): number {
  const sorted = [...ranges].sort(
    (a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset,
  );
  let run = 0;
  const around: Range[] = [];
  for (const range of sorted) {
    while (around.length > 0 && around.at(-1)!.endOffset <= range.startOffset) around.pop();
    run += (range.endOffset - range.startOffset) * (range.count - (around.at(-1)?.count ?? 0));
    around.push(range);
  }
  return run;
}

let collectedAtMs: number[] = [];
const observer = new PerformanceObserver((list) => {
  collectedAtMs.push(...list.getEntries().map(({ startTime }) => startTime));
});
observer.observe({ entryTypes: ['gc'] });

let beganMs = 0;
let heapBefore = 0;
let buffersBefore = 0;

/** What was done since the last order. */
answerOrders(async (): Promise<ThreadWork> => {
  // Before anything here adds to it.
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const endedMs = performance.now();
  // Collections are told in a later turn.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  const work = {
    run: takeRun(),
    heapBytes: heapUsed - heapBefore,
    bufferBytes: arrayBuffers - buffersBefore,
    isCollected: collectedAtMs.some((atMs) => atMs >= beganMs && atMs <= endedMs),
  };
  collectedAtMs = [];
  // There is room for all the garbage until the next order.
  globalThis.gc?.({ type: 'minor' });
  ({ heapUsed: heapBefore, arrayBuffers: buffersBefore } = process.memoryUsage());
  beganMs = performance.now();
  return work;
});
