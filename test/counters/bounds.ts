/**
 * What a request costs the broker, in counts that are the same on every machine. A test fails where one has grown by
 * more than its slack: find what added to it (`npm run bench:micro`, `--cpu-prof`, `--heap-prof`), and write a new value
 * only for what it is worth. Who makes one smaller writes that value, so that the gain stays.
 */

/** Of one request, all partition threads together. Bytes are of what is allocated, garbage or not. */
export interface RequestCost {
  /** Characters of our compiled source that are run, block by block: `work-hook.ts`. */
  readonly mainRun: number;
  readonly workersRun: number;
  /** On the heaps, by code that V8 has not optimized; Node's own included. */
  readonly mainHeapBytes: number;
  readonly workersHeapBytes: number;
  /** Of array buffers beside the heaps. */
  readonly bufferBytes: number;
  /** Payload, by the broker's own metric. */
  readonly copiedBytes: number;
}

/** How much more is no growth: a share, and as much beside it. The number of reads of a large request differs. */
export const slack: Readonly<Record<keyof RequestCost, { share: number; flat: number }>> = {
  mainRun: { share: 0.02, flat: 300 },
  workersRun: { share: 0.02, flat: 500 },
  mainHeapBytes: { share: 0.03, flat: 100 },
  workersHeapBytes: { share: 0.03, flat: 100 },
  bufferBytes: { share: 0, flat: 400 },
  copiedBytes: { share: 0.02, flat: 300 },
};

/** The heap is held on this version of Node: another has other internals. */
export const heapMeasuredOn = 20;

/** Of one record more in a batch: the main thread never looks at records, and a partition leaves them to the addon. */
export const mostForRecord = { run: 5, heapBytes: 2 };

/**
 * Instructions in user mode that a request takes, all threads, with optimized code; on x64. Null: no machine that has
 * run this could count them.
 */
export const instructions: Readonly<Record<string, number | null>> = {
  'produce 1 record': null,
  'produce 4 × 62 records': null,
  'fetch 128 KiB from a file': null,
};

/** Of Node 20.20 on x64, November 2026; a fetch of one record, and requests to the pulsar format, are of one partition. */
export const measured: Readonly<Record<string, RequestCost>> = {
  'produce 4 × 62 records': {
    mainRun: 69_000,
    workersRun: 121_500,
    mainHeapBytes: 13_100,
    workersHeapBytes: 16_100,
    bufferBytes: 0,
    // 0.05 of each byte of records: most runs have a tenth of that.
    copiedBytes: 12_400,
  },
  'produce 4 × 620 records': {
    mainRun: 69_000,
    workersRun: 121_500,
    mainHeapBytes: 13_100,
    workersHeapBytes: 16_100,
    bufferBytes: 0,
    // 0.05 of each byte of records: most runs have a tenth of that.
    copiedBytes: 12_400,
  },
  'produce 1 record': {
    mainRun: 41_450,
    workersRun: 30_565,
    mainHeapBytes: 9330,
    workersHeapBytes: 4670,
    bufferBytes: 0,
    copiedBytes: 228,
  },
  'produce 62 records, pulsar': {
    mainRun: 38_920,
    workersRun: 708_300,
    mainHeapBytes: 9480,
    workersHeapBytes: 25_600,
    bufferBytes: 0,
    copiedBytes: 66_500,
  },
  'fetch 128 KiB from a file': {
    mainRun: 63_850,
    workersRun: 16_400,
    mainHeapBytes: 15_140,
    workersHeapBytes: 2800,
    bufferBytes: 0,
    copiedBytes: 100,
  },
  'fetch 1 record': {
    mainRun: 62_480,
    workersRun: 34_000,
    mainHeapBytes: 14_900,
    workersHeapBytes: 4300,
    bufferBytes: 0,
    copiedBytes: 271,
  },
  'fetch 62 records, pulsar': {
    mainRun: 62_530,
    workersRun: 755_750,
    mainHeapBytes: 15_190,
    workersHeapBytes: 110_300,
    bufferBytes: 0,
    copiedBytes: 128_800,
  },
};
