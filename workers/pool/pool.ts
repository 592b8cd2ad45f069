import { Piscina } from 'piscina';
import type { CompactionResult } from '../log/compaction.js';
import { allocateBells, BellListener } from '../ring/bell.js';
import type { WorkerNotice, WorkerSettings } from '../ring/control.js';
import { Bell, WorkerCounter, type WorkerCounterSlot } from '../ring/slots.js';
import { allocateTable, PartitionTable } from '../ring/table.js';
import { CompactionJobs } from './compaction-jobs.js';
import { jobsFile } from './jobs-file.js';
import { PartitionThread, type TaskTemplate } from './partition-thread.js';

type CompactNotice = Extract<WorkerNotice, { kind: 'compact' }>;

export interface PoolOptions {
  workers: number;
  /** Descriptors in each ring; a power of two. */
  ringSlots: number;
  replyBytesPerWorker: number;
  /** Most partitions that can be open at once. */
  maxPartitions: number;
  landing: SharedArrayBuffer;
  settings: WorkerSettings;
}

export interface PoolEvents {
  /** A worker died: its partitions are out of service. */
  down(worker: number, reason: unknown): void;
  /** A replacement listens; its partitions have to be opened again. */
  up(worker: number): void;
  notice(worker: number, notice: WorkerNotice): void;
  /** A watched partition changed. */
  wake(slot: number): void;
  /** A worker died more often than `maxRestarts` in `restartWindowMs`. */
  exhausted(worker: number, reason: unknown): void;
}

/** Test suites run many brokers in a process: 20 take 400 MiB with V8's own choice, 340 with this one (measured). */
const testLimits = { maxYoungGenerationSizeMb: 2 };

/** Deaths of one worker that are mended within the window; one more and the broker gives up. */
const maxRestarts = 20;
const restartWindowMs = 60_000;
const firstBackOffMs = 50;
const maxBackOffMs = 5_000;

/**
 * The partition threads. Piscina owns thread life and runs one long task per thread; it reruns no task
 * and starts the next thread before the dead one's writes have ended (measured: 1.4 s later, into a file
 * that the new one had already recovered), so the restart is ours: after the old thread's `'exit'`.
 */
export class WorkerPool {
  readonly table: PartitionTable;
  readonly #threads: PartitionThread[] = [];
  readonly #deaths: number[][] = [];
  readonly #restarts: number[] = [];
  readonly #piscina: Piscina;
  readonly #template: TaskTemplate;
  readonly #options: PoolOptions;
  readonly #events: PoolEvents;
  readonly #listener: BellListener;
  readonly #bells: Int32Array;
  readonly #counters: Float64Array;
  readonly #compactions: CompactionJobs;
  #wakesSeen = 0;
  #closing = false;

  constructor(options: PoolOptions, events: PoolEvents) {
    this.#options = options;
    this.#events = events;
    const bells = allocateBells(options.workers);
    this.#bells = new Int32Array(bells);
    const table = allocateTable(options.maxPartitions);
    this.table = new PartitionTable(table, options.maxPartitions, this.#bells);
    const counters = new SharedArrayBuffer(
      options.workers * WorkerCounter.slots * Float64Array.BYTES_PER_ELEMENT,
    );
    this.#counters = new Float64Array(counters);
    this.#template = {
      counters,
      settings: options.settings,
      landing: options.landing,
      bells,
      table,
      tableLines: options.maxPartitions,
    };
    this.#piscina = new Piscina({
      filename: jobsFile,
      name: 'partition',
      minThreads: options.workers,
      maxThreads: options.workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Its default blocks a worker's event loop between tasks; ours run for the thread's whole life.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: options.settings.storage === 'memory' ? testLimits : {},
    });
    this.#compactions = new CompactionJobs();
    // A dead thread's error reaches us through its task; without a listener it would end the process.
    this.#piscina.on('error', () => {});
    this.#listener = new BellListener(this.#bells, Bell.main, () => this.#turn());
  }

  async start(): Promise<void> {
    for (let index = 0; index < this.#options.workers; index++) {
      this.#deaths.push([]);
      this.#restarts.push(0);
      this.#threads.push(this.#startThread(index));
    }
    this.#listener.start();
    await Promise.all(this.#threads.map((thread) => thread.up));
  }

  get workers(): number {
    return this.#threads.length;
  }

  thread(worker: number): PartitionThread {
    return this.#threads[worker] as PartitionThread;
  }

  /** One worker's counter; it goes on over a replacement. */
  counter(worker: number, slot: WorkerCounterSlot): number {
    return this.#counters[worker * WorkerCounter.slots + slot] as number;
  }

  /** How often a worker was replaced. */
  restartsOf(worker: number): number {
    return this.#restarts[worker] as number;
  }

  /** Ends every thread; false if one could not close all its partitions, or was dead already. */
  async close(): Promise<boolean> {
    this.#closing = true;
    const stopped = await Promise.all(this.#threads.map((thread) => thread.stop()));
    this.#listener.close();
    await Promise.all([this.#piscina.destroy(), this.#compactions.close()]);
    return !stopped.includes(false);
  }

  #startThread(index: number): PartitionThread {
    const sizes = {
      ringSlots: this.#options.ringSlots,
      replyBytes: this.#options.replyBytesPerWorker,
    };
    const thread = new PartitionThread(index, this.#piscina, this.#template, sizes, {
      down: (worker, reason) => this.#threadDown(worker, reason),
      notice: (worker, notice) => {
        if (notice.kind === 'compact') void this.#compact(worker, notice);
        else this.#events.notice(worker, notice);
      },
    });
    // Whoever waits for `up` handles its failure; the death is reported through `down` as well.
    thread.up.catch(() => {});
    return thread;
  }

  /** Has a plan carried out, and tells the thread that made it what became of it. */
  async #compact(worker: number, { slot, generation, plan }: CompactNotice): Promise<void> {
    const thread = this.thread(worker);
    let result: CompactionResult | null = null;
    try {
      result = await this.#compactions.run(plan);
    } catch (error) {
      if (this.#closing) return;
      const message = 'a compaction failed; it will be tried again';
      const fields = { dir: plan.dir, reason: (error as Error).message };
      this.#events.notice(worker, { kind: 'notice', level: 'error', message, fields });
    }
    if (this.#closing) return;
    // The thread may have died, or the partition left it: then nobody waits for the outcome.
    await thread.ask({ kind: 'compacted', slot, generation, plan, result }).catch(() => {});
  }

  #threadDown(index: number, reason: unknown): void {
    if (this.#closing) return;
    this.#events.down(index, reason);
    const now = performance.now();
    const deaths = (this.#deaths[index] as number[]).filter((at) => now - at < restartWindowMs);
    deaths.push(now);
    this.#deaths[index] = deaths;
    if (deaths.length > maxRestarts) {
      this.#events.exhausted(index, reason);
      return;
    }
    const backOffMs = Math.min(maxBackOffMs, firstBackOffMs * 2 ** (deaths.length - 1));
    void this.#replace(this.thread(index), backOffMs);
  }

  async #replace(dead: PartitionThread, backOffMs: number): Promise<void> {
    await dead.exited;
    await new Promise((resolve) => setTimeout(resolve, backOffMs));
    if (this.#closing) return;
    const thread = this.#startThread(dead.index);
    this.#threads[dead.index] = thread;
    this.#restarts[dead.index] = this.restartsOf(dead.index) + 1;
    try {
      await thread.up;
    } catch {
      return; // `down` was called again, and counts it.
    }
    this.#events.up(dead.index);
  }

  /** Takes what the workers completed; true if a bounded turn left some. */
  #turn(): boolean {
    const wakes = Atomics.load(this.#bells, Bell.wakes);
    if (wakes !== this.#wakesSeen) {
      this.#wakesSeen = wakes;
      this.table.takeWakes((slot) => this.#events.wake(slot));
    }
    let more = false;
    for (const thread of this.#threads) more = thread.channel.drain() || more;
    return more;
  }
}
