import t from 'tap';
import {
  lastOffset,
  partitionLeaderEpoch,
} from '../../../../engine/protocol/kafka/record-batch.js';
import type { EntryFormat } from '../../../../workers/format/entry-encoder.js';
import type { EmbeddedLog } from '../../../../workers/log/embedded/embedded-log.js';
import { type LogConfig, LogFault } from '../../../../workers/log/log.js';
import fc from '../../../fast-check.js';
import { batchAt, recordsOf, runOf } from '../batches.js';
import { logConfig } from '../log-config.js';
import { flushed, readAll, readOnce } from '../read-log.js';
import { MemoryDisk } from './memory-disk.js';
import { openTestLog, syncer } from './open-test-log.js';

t.teardown(() => syncer.close());

const dir = '/d/t-0';

type Step =
  | { kind: 'append'; counts: number[] }
  | { kind: 'flush' }
  | { kind: 'full'; counts: number[]; freeBytes: number }
  | { kind: 'trim'; share: number }
  | { kind: 'format'; entryFormat: EntryFormat }
  | { kind: 'reopen' }
  /** A flush whose sync fails, and a recovery in the same process. */
  | { kind: 'syncFails' }
  /** kill -9: the page cache survives. */
  | { kind: 'kill' }
  | { kind: 'powerCut'; share: number };

const counts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), counts }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'flush' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('full' as const),
      counts,
      freeBytes: fc.integer({ min: 0, max: 300 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), share }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('format' as const),
      entryFormat: fc.constantFrom<EntryFormat>('kafka', 'pulsar', 'pulsar', 'mixed_kafka'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'syncFails' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('powerCut' as const), share }) },
);

/** One partition's life, beside a list of what it must hold. */
class History {
  #config: Partial<LogConfig>;
  disk = new MemoryDisk();
  log!: EmbeddedLog;
  batches: Uint8Array[] = [];
  logStartOffset = 0;
  stableEndOffset = 0;
  /** Greatest epoch that ever appended. */
  #epoch = -1;
  /** The checkpoint that the main thread would have. */
  #recoveryPoint = 0;

  constructor(segmentBytes: number) {
    this.#config = { segmentBytes, indexIntervalBytes: 100, fileDeleteDelayMs: 0 };
  }

  async open(): Promise<void> {
    const opened = await openTestLog({
      disk: this.disk,
      dir,
      config: this.#config,
      recoveryPoint: this.#recoveryPoint,
      logStartOffset: this.logStartOffset,
    });
    this.log = opened.log;
    if (this.log.leaderEpoch <= this.#epoch) throw new Error(`epoch ${this.log.leaderEpoch} again`);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'append') this.#append(step.counts);
    else if (step.kind === 'full') this.#appendToFullDisk(step.counts, step.freeBytes);
    else if (step.kind === 'trim') this.#trim(step.share);
    else if (step.kind === 'format') this.#changeFormat(step.entryFormat);
    else if (step.kind === 'flush') await this.#flush();
    else if (step.kind === 'reopen') await this.#reopen();
    else if (step.kind === 'syncFails') await this.#failSync();
    else await this.#crash(step);
  }

  /** Everything that the log must hold is there, from every offset on. */
  check(): void {
    const { log } = this;
    const wanted = this.batches.filter((batch) => lastOffset(batch, 0) >= this.logStartOffset);
    const found = readAll(log, this.logStartOffset);
    if (Buffer.concat(found).compare(Buffer.concat(wanted)) !== 0) {
      throw new Error(`${found.length} batches instead of ${wanted.length}`);
    }
    if (log.logStartOffset !== this.logStartOffset) throw new Error('log start');
    for (const batch of wanted) {
      const offset = Math.max(lastOffset(batch, 0), this.logStartOffset);
      const [first] = readOnce(log, offset, 1);
      if (!first || Buffer.compare(first, batch) !== 0) throw new Error(`the batch of ${offset}`);
      if (log.epochAt(offset) !== partitionLeaderEpoch(batch, 0)) throw new Error('epoch');
    }
  }

  #run(counts: number[]) {
    let offset = this.log.logEndOffset;
    const made = counts.map((count) => {
      const batch = batchAt(offset, recordsOf(count), { epoch: this.log.leaderEpoch });
      offset += count;
      return batch;
    });
    return runOf(...made);
  }

  #append(counts: number[]): void {
    const run = this.#run(counts);
    this.log.append(run);
    this.batches.push(...run.batches);
    this.#epoch = this.log.leaderEpoch;
  }

  #appendToFullDisk(counts: number[], freeBytes: number): void {
    const run = this.#run(counts);
    this.disk.freeBytes = freeBytes;
    try {
      this.log.append(run);
      this.batches.push(...run.batches);
      this.#epoch = this.log.leaderEpoch;
    } catch (error) {
      if (!(error instanceof LogFault) || error.code !== 'full') throw error;
    } finally {
      this.disk.freeBytes = Number.POSITIVE_INFINITY;
    }
  }

  #trim(share: number): void {
    const { logStartOffset, stableEndOffset } = this.log;
    const offset = logStartOffset + Math.floor(share * (stableEndOffset - logStartOffset));
    this.log.trim(offset);
    this.logStartOffset = offset;
  }

  #changeFormat(entryFormat: EntryFormat): void {
    this.#config = { ...this.#config, entryFormat };
    this.log.configure(logConfig(this.#config));
  }

  async #flush(): Promise<void> {
    const endOffset = this.log.logEndOffset;
    const fault = await flushed(this.log);
    if (fault !== null) throw fault;
    if (this.log.stableEndOffset !== endOffset) throw new Error('not all is stable');
    this.stableEndOffset = endOffset;
    this.#recoveryPoint = this.log.recoveryPoint;
  }

  async #reopen(): Promise<void> {
    await this.log.close();
    if (this.disk.openFiles > 0) throw new Error(`${this.disk.openFiles} files stay open`);
    this.stableEndOffset = this.log.logEndOffset;
    this.#recoveryPoint = this.log.recoveryPoint;
    await this.open();
  }

  async #failSync(): Promise<void> {
    const { logEndOffset } = this.log;
    this.disk.syncErrno = 5;
    const fault = await flushed(this.log);
    if (fault?.code !== 'storage') throw new Error(`a failed sync is ${fault?.code}`);
    await this.log.close();
    this.disk.syncErrno = 0;
    await this.open();
    if (this.log.stableEndOffset !== logEndOffset) throw new Error('the recovery lost records');
    this.stableEndOffset = logEndOffset;
    this.#recoveryPoint = this.log.recoveryPoint;
  }

  async #crash(step: Step & { kind: 'kill' | 'powerCut' }): Promise<void> {
    const keptShare = step.kind === 'kill' ? 1 : step.share;
    const isWhole = step.kind === 'kill';
    this.disk = isWhole
      ? this.disk.powerCut(true)
      : this.disk.tornPowerCut((unsynced) => Math.floor(keptShare * unsynced));
    await this.open();
    const { logEndOffset } = this.log;
    if (logEndOffset < this.stableEndOffset) throw new Error('what was stable is gone');
    if (isWhole && this.batches.some((batch) => lastOffset(batch, 0) >= logEndOffset)) {
      throw new Error('a kill lost records');
    }
    this.batches = this.batches.filter((batch) => lastOffset(batch, 0) < logEndOffset);
    this.stableEndOffset = logEndOffset;
    this.#recoveryPoint = this.log.recoveryPoint;
  }
}

t.test(
  'histories of appends, flushes, changes of format, full disks, trims, kills and power cuts',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(250, 2_000, 2 ** 20),
        fc.array(step, { minLength: 5, maxLength: 40 }),
        async (segmentBytes, steps) => {
          const history = new History(segmentBytes);
          await history.open();
          for (const one of steps) {
            await history.take(one);
            history.check();
          }
          await history.log.close();
        },
      ),
      { numRuns: 150 },
    );
    t.pass('each began again after each crash');
  },
);
