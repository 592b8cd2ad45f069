import { join } from 'node:path';
import { readCheckpoint } from '../../engine/catalog/checkpoint-file.js';
import { CheckpointWriter } from '../../engine/catalog/checkpoints.js';
import { logStartFile, recoveryPointFile } from '../../engine/catalog/data-directory.js';
import { type Files, removeFile, replaceFile } from '../../engine/catalog/durable-file.js';
import type { PartitionRef, PartitionState } from '../../engine/route/partition-port.js';
import { WaitingFetches } from '../../engine/wait/waiting-fetches.js';
import { compactSegments } from '../../workers/log/embedded/compact.js';
import { allocateBells, BellListener } from '../../workers/ring/bell.js';
import type { WorkerNotice } from '../../workers/ring/control.js';
import { PageAllocator } from '../../workers/ring/pages.js';
import { Bell, WorkerCounter } from '../../workers/ring/slots.js';
import { allocateTable, newLineState, PartitionTable } from '../../workers/ring/table.js';
import { LifeDisk } from './life-disk.js';
import type { PartitionModel } from './partition-model.js';
import { Death, Life } from './schedule.js';
import { SimPartition } from './sim-partition.js';
import { type AskFailure, SimThread } from './sim-thread.js';
import { codecs, dataDir, type World } from './world.js';

const landingBytes = 2 ** 15;
const cleanShutdownFile = join(dataDir, '.kafka_cleanshutdown');
const keyMapBytes = 2 ** 13;

type CompactNotice = Extract<WorkerNotice, { kind: 'compact' }>;

/** One life of the process: what main does for the partition threads, and the clients connected to it. */
export class SimBroker {
  readonly life = new Life();
  readonly threads: SimThread[] = [];
  readonly partitions: SimPartition[];
  readonly table: PartitionTable;
  readonly waits: WaitingFetches;
  readonly landing = new PageAllocator(0, landingBytes, 256);
  readonly landingView: Uint8Array;
  /** What is answered now was outstanding when its thread died. */
  isBurying = false;
  readonly #world: World;
  readonly #template: ConstructorParameters<typeof SimThread>[2];
  readonly #files: Files;
  readonly #bells: Int32Array;
  readonly #haunted = new Set<SimThread>();
  #recoveryPoints!: CheckpointWriter;
  #logStarts!: CheckpointWriter;
  #wakesSeen = 0;

  constructor(world: World, models: readonly PartitionModel[], workers: number) {
    this.#world = world;
    const bells = allocateBells(workers);
    const table = allocateTable(models.length);
    const landing = new SharedArrayBuffer(landingBytes);
    this.#bells = new Int32Array(bells);
    this.table = new PartitionTable(table, models.length, this.#bells);
    this.waits = new WaitingFetches({ watch: (slot, on) => this.table.watch(slot, on) });
    this.landingView = new Uint8Array(landing);
    this.#files = new LifeDisk(world, this.life).files();
    const { durability } = world;
    this.#template = {
      counters: new SharedArrayBuffer(workers * WorkerCounter.slots * 8),
      settings: {
        dataDir,
        storage: 'disk',
        durability,
        validateRecords: 'full',
        backend: { kind: 'embedded' },
        producerIdExpirationMs: 2 ** 40,
        maxInflatedBytes: 2 ** 20,
      },
      landing,
      bells,
      table,
      tableLines: models.length,
    };
    this.partitions = models.map(
      (model, slot) => new SimPartition(world, this, model, slot, slot % workers),
    );
    for (let index = 0; index < workers; index++) this.threads.push(this.#newThread(index));
  }

  /** Starts as the broker does: checkpoints, the mark of a clean end, threads, partitions. */
  async boot(): Promise<void> {
    const { schedule } = this.#world;
    const recoveryPath = join(dataDir, recoveryPointFile);
    const logStartPath = join(dataDir, logStartFile);
    const recoveryPoints = await readCheckpoint(recoveryPath, this.#files).catch(() => new Map());
    const logStarts = await readCheckpoint(logStartPath, this.#files).catch(() => new Map());
    const cleanShutdown = await removeFile(cleanShutdownFile, this.#files);
    const source = {
      partitions: () => this.partitions,
      state: (ref: PartitionRef) => this.table.read(ref.slot, newLineState()),
    };
    const writer = (
      path: string,
      found: Map<string, number>,
      pick: (s: PartitionState) => number,
    ) => new CheckpointWriter(path, found, source, pick, this.#files);
    this.#recoveryPoints = writer(recoveryPath, recoveryPoints, (state) => state.recoveryPoint);
    this.#logStarts = writer(logStartPath, logStarts, (state) => state.logStartOffset);
    const sleeper = schedule.sleeperOf(this.life);
    new BellListener(this.#bells, Bell.main, () => this.#turn(), sleeper).start();
    for (const thread of this.threads) thread.start();
    for (const partition of this.partitions) {
      const recoveryPoint = recoveryPoints.get(partition.model.name) ?? 0;
      const logStartOffset = logStarts.get(partition.model.name) ?? 0;
      const { isCreated } = partition.model;
      // A directory that nobody knows is set aside.
      if (!isCreated) this.#world.disk.forget(join(dataDir, partition.model.name));
      this.table.reset(partition.slot);
      this.table.publish(partition.slot, { ...newLineState(), recoveryPoint, logStartOffset });
      void this.#open(partition, !isCreated, cleanShutdown, 1);
    }
  }

  /** Ends as the broker does; false if it could not in order. */
  async stop(): Promise<boolean> {
    // As `Catalog.isWhole`: what is offline now was not closed in order.
    const isWhole = this.partitions.every(({ online }) => online);
    try {
      await Promise.all(this.threads.map((thread) => thread.ask({ kind: 'stop' })));
      for (const partition of this.partitions) partition.observe();
      await this.checkpoint();
      if (isWhole) await replaceFile(cleanShutdownFile, '{}', this.#files);
      return isWhole;
    } catch {
      return false;
    }
  }

  async checkpoint(): Promise<void> {
    await Promise.all([this.#recoveryPoints.write(), this.#logStarts.write()]);
  }

  /** DeleteRecords: answered once the new start is in its checkpoint. */
  async trim(partition: SimPartition, offset: number): Promise<void> {
    const { model, slot, thread } = partition;
    model.trimAsked(offset);
    const answer = await thread.ask({ kind: 'trim', slot, offset });
    const { errorCode, logStartOffset } = answer as { errorCode: number; logStartOffset: number };
    partition.observe();
    if (errorCode !== 0) return;
    this.#world.check(
      logStartOffset >= offset,
      () => `${model.name}: trimmed to ${offset}, starts at ${logStartOffset}`,
    );
    await this.#logStarts.write();
    if ((this.#logStarts.written.get(model.name) ?? 0) < logStartOffset) return;
    model.trimmedTo = Math.max(model.trimmedTo, logStartOffset);
    this.#world.trace(`${model.name} is trimmed to ${logStartOffset}`);
  }

  kill(thread: SimThread): void {
    thread.die();
    this.#haunted.add(thread);
  }

  /** The process ends at this very moment. */
  die(): void {
    for (const thread of this.threads) this.kill(thread);
    this.life.isDead = true;
  }

  /** After each event: buries whoever died in it. */
  lookAfter(): void {
    for (const thread of this.#haunted) {
      thread.exorcise();
      this.#haunted.delete(thread);
      for (const partition of this.#of(thread)) {
        partition.observe();
        if (this.life.isDead) partition.online = false;
        else partition.offline();
      }
      if (!this.life.isDead) void this.#replace(thread);
    }
  }

  /** Nobody is told anything any more. */
  abandon(): void {
    for (const partition of this.partitions) partition.abandon();
  }

  #of(thread: SimThread): SimPartition[] {
    return this.partitions.filter(({ worker }) => worker === thread.index);
  }

  #newThread(index: number): SimThread {
    return new SimThread(this.#world, index, this.#template, this.life, (notice) =>
      this.#heard(this.threads[index]!, notice),
    );
  }

  async #replace(dead: SimThread): Promise<void> {
    const { schedule, random } = this.#world;
    await schedule.pause(this.life, random.next() * 50);
    this.isBurying = true;
    dead.bury();
    this.isBurying = false;
    await schedule.pause(this.life, 50);
    const thread = this.#newThread(dead.index);
    this.threads[dead.index] = thread;
    thread.start();
    for (const partition of this.#of(thread)) {
      void this.#open(partition, !partition.model.isCreated, false, 1);
    }
  }

  async #open(
    partition: SimPartition,
    create: boolean,
    cleanShutdown: boolean,
    failures: number,
  ): Promise<void> {
    const { model, slot, thread, topic, topicId } = partition;
    this.table.settle(slot);
    const { recoveryPoint, logStartOffset } = partition.line();
    const generation = partition.nextGeneration();
    const offsets = { recoveryPoint, logStartOffset };
    const name = { slot, generation, topic, topicId, partition: slot };
    const { config } = model;
    try {
      await thread.ask({ kind: 'open', ...name, ...offsets, config, create, cleanShutdown });
    } catch (error) {
      const { message, isOfDeadThread } = error as AskFailure;
      this.#world.trace(`${model.name} was not opened: ${message}`);
      if (isOfDeadThread || partition.generation !== generation) return;
      // Whatever a power cut or a failing disk leaves, nothing that was synced is damaged or gone.
      const mayPass = !/damage to what was synced|but had reached/.test(message);
      this.#world.check(mayPass && this.#world.faults.isAny, () => {
        return `${model.name} cannot be opened: ${message}`;
      });
      await this.#world.schedule.pause(this.life, 1_000 * failures);
      if (partition.generation !== generation || thread.life.isDead) return;
      return this.#open(partition, create, false, Math.min(failures * 2, 60));
    }
    if (partition.generation !== generation) return;
    model.isCreated = true;
    if (!thread.life.isDead) partition.opened();
  }

  #heard(thread: SimThread, notice: WorkerNotice): void {
    if (notice.kind === 'compact') void this.#compact(thread, notice);
    else if (notice.kind === 'notice') this.#world.trace(`notice: ${notice.message}`);
    else if (notice.kind === 'offline') {
      const partition = this.partitions[notice.slot]!;
      if (partition.generation !== notice.generation || thread.life.isDead) return;
      this.#world.trace(`${partition.model.name} went offline: ${notice.message}`);
      this.#world.check(this.#world.faults.isAny, () => `offline by itself: ${notice.message}`);
      partition.offline();
      void this.#reopen(partition);
    }
  }

  async #reopen(partition: SimPartition): Promise<void> {
    const { generation, thread } = partition;
    await this.#world.schedule.pause(this.life, 1_000);
    if (partition.generation !== generation || thread.life.isDead) return;
    void this.#open(partition, false, false, 1);
  }

  async #compact(thread: SimThread, notice: CompactNotice): Promise<void> {
    const { slot, generation, plan } = notice;
    const { schedule, random } = this.#world;
    await schedule.pause(this.life, random.next() * random.pick([5, 500]));
    let result = null;
    try {
      result = compactSegments(plan, new LifeDisk(this.#world, this.life), codecs, keyMapBytes);
    } catch (error) {
      if (error instanceof Death) return;
      this.#world.trace(`a compaction failed: ${error}`);
    }
    await schedule.pause(this.life, random.next() * random.pick([5, 500]));
    await thread.ask({ kind: 'compacted', slot, generation, plan, result }).catch(() => {});
  }

  #turn(): boolean {
    const wakes = Atomics.load(this.#bells, Bell.wakes);
    if (wakes !== this.#wakesSeen) {
      this.#wakesSeen = wakes;
      this.table.takeWakes((slot) => this.waits.wake(slot));
    }
    let more = false;
    for (const thread of this.threads) {
      if (!thread.life.isDead) more = thread.channel.drain() || more;
    }
    return more;
  }
}
