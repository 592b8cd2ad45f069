import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { CompactionPlan, CompactionResult } from '../log/compaction.js';
import { LogFault } from '../log/log.js';
import type { PulsarThread } from '../log/pulsar/pulsar-thread.js';
import type { Machine } from '../machine.js';
import type {
  ControlMessage,
  ControlRequest,
  OpenPartition,
  WorkerSettings,
} from '../ring/control.js';
import { WorkerCounter } from '../ring/slots.js';
import type { Opened, PartitionWorker } from '../thread.js';
import { directoryOf, openPartition } from './opening.js';
import { removePartitionDirectory } from './removal.js';
import { codeOfFault, type PartitionPorts } from './settings.js';

/** How often partitions look after retention, rolling, expiry and their recovery point. */
const maintainIntervalMs = 1_000;

/** Answers what main asks over the control port, and looks after the open partitions once a second. */
export class ControlDesk {
  readonly #worker: PartitionWorker;
  readonly #machine: Machine;
  readonly #endMaintenance: () => void;
  /** Null where the records are kept on disk. */
  readonly #pulsar: Promise<PulsarThread> | null;
  /** Openings under way, by slot. */
  readonly #openings = new Map<number, Promise<void>>();

  constructor(worker: PartitionWorker, machine: Machine) {
    this.#worker = worker;
    this.#machine = machine;
    this.#pulsar = pulsarOf(worker.task.settings, machine);
    this.#endMaintenance = machine.every(maintainIntervalMs, () => this.#maintain());
  }

  close(): void {
    this.#endMaintenance();
    this.#pulsar?.then((pulsar) => pulsar.close()).catch(() => {});
    this.#machine.close();
  }

  async answer({ id, request }: ControlMessage): Promise<void> {
    const worker = this.#worker;
    try {
      worker.tell({ kind: 'answer', id, value: await this.#act(request) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      worker.tell({ kind: 'failure', id, errorCode: errorCodeOf(error), message });
    }
    if (request.kind === 'stop') worker.stop();
  }

  async #act(request: ControlRequest): Promise<unknown> {
    if (request.kind === 'stop') return this.#closeAll();
    // A recovery takes many turns. A partition that is closed meanwhile would stay behind, and write into
    // the line and the directory of the next one.
    for (let running = this.#openings.get(request.slot); running; ) {
      await running;
      running = this.#openings.get(request.slot);
    }
    if (request.kind === 'open') return this.#openInTurn(request);
    const opened = this.#worker.opened.get(request.slot);
    if (!opened) throw new LogFault('closed', 'the partition is not open');
    return this.#ask(request, opened);
  }

  #ask(request: Exclude<ControlRequest, { kind: 'open' | 'stop' }>, opened: Opened): unknown {
    const { partition } = opened;
    switch (request.kind) {
      case 'close':
        return this.#close(request.slot, opened, request.remove);
      case 'configure':
        return partition.configure(request.config);
      case 'list-offset':
        return partition.listOffset(request.timestamp);
      case 'aborted':
        return partition.abortedIn(request.startOffset, request.endOffset);
      case 'end-offset-for-epoch':
        return partition.endOffsetForEpoch(-1, request.leaderEpoch);
      case 'place':
        return partition.placeOf(request.offset);
      case 'trim':
        return partition.trim(request.offset);
      case 'producers':
        return partition.producers();
      case 'describe':
        return partition.describe();
      case 'compacted':
        // An opening of its own has made the plan; another one knows nothing of it.
        if (request.generation === opened.generation) {
          partition.compacted(request.plan, request.result);
        }
        return null;
    }
  }

  #openInTurn(opening: OpenPartition): Promise<void> {
    const opened = this.#open(opening);
    const ended = () => {
      this.#openings.delete(opening.slot);
    };
    this.#openings.set(opening.slot, opened.then(ended, ended));
    return opened;
  }

  async #open(opening: OpenPartition): Promise<void> {
    const { slot, generation } = opening;
    const worker = this.#worker;
    const known = worker.opened.get(slot);
    if (known) {
      // Reopened after a storage fault: the faulty log is closed without being written.
      worker.opened.delete(slot);
      worker.answerHeld(known);
      await known.partition.close();
    }
    const { disk, codecs } = this.#machine;
    const { settings } = worker.task;
    const tools = { settings, codecs, disk, pulsar: this.#pulsar };
    const partition = await openPartition(opening, tools, this.#portsOf(slot, generation));
    worker.opened.set(slot, { partition, generation, dirty: false, held: [] });
  }

  #portsOf(slot: number, generation: number): PartitionPorts {
    const worker = this.#worker;
    return {
      complete: (request) => worker.completeAppend(request),
      publish: (state) => {
        if (worker.table.publish(slot, state)) worker.owesBell();
      },
      report: (level, message, fields, of) => {
        if (of === undefined) worker.tell({ kind: 'notice', level, message, fields });
        else worker.tell({ kind: 'common', level, message, fields: { ...fields, ...of } });
      },
      arrived: () => {
        const opened = worker.opened.get(slot);
        if (opened?.generation === generation) worker.answerHeld(opened);
      },
      offline: (fault) => {
        const { message } = fault;
        worker.tell({ kind: 'offline', slot, generation, errorCode: codeOfFault(fault), message });
      },
      compact: (plan) => {
        if (!this.#machine.isDiskShared) void this.#compactHere(slot, generation, plan);
        else worker.tell({ kind: 'compact', slot, generation, plan });
      },
      copied: (site, sizeBytes) => worker.count(WorkerCounter[site], sizeBytes),
      now: this.#machine.now,
    };
  }

  async #close(slot: number, opened: Opened, remove: boolean): Promise<void> {
    this.#worker.opened.delete(slot);
    this.#worker.answerHeld(opened);
    await opened.partition.close(remove);
    // A topic of Pulsar's is removed by who knows the cluster.
    if (!remove || this.#pulsar !== null) return;
    const dir = directoryOf(this.#worker.task.settings.dataDir, opened.partition.name);
    removePartitionDirectory(dir, this.#machine);
  }

  /** Where no other thread finds the segments. */
  async #compactHere(slot: number, generation: number, plan: CompactionPlan): Promise<void> {
    const { compactSegments } = await import('../log/embedded/compact.js');
    const opened = this.#worker.opened.get(slot);
    if (opened?.generation !== generation) return;
    let result: CompactionResult | null = null;
    try {
      result = compactSegments(plan, this.#machine.disk, this.#machine.codecs);
    } catch (error) {
      const fields = { dir: plan.dir, reason: (error as Error).message };
      const message = 'a compaction failed; it will be tried again';
      this.#worker.tell({ kind: 'notice', level: 'error', message, fields });
    }
    opened.partition.compacted(plan, result);
  }

  /** Throws if a log is left as after a crash: the end must not pass for a clean one. */
  async #closeAll(): Promise<void> {
    // What a recovery is about to open would stay behind, and be written to by nobody's order.
    await Promise.all(this.#openings.values());
    const opened = [...this.#worker.opened.values()];
    this.#worker.opened.clear();
    for (const one of opened) this.#worker.answerHeld(one);
    const partitions = opened.map(({ partition }) => partition);
    const ends = await Promise.allSettled(partitions.map((partition) => partition.close()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
    const faulty = partitions.find(({ isFaulty }) => isFaulty);
    if (!faulty) return;
    const { topic, partition } = faulty.name;
    throw new LogFault('storage', `${topic}-${partition} was not closed in order`);
  }

  #maintain(): void {
    const nowMs = this.#machine.now();
    for (const { partition } of this.#worker.opened.values()) partition.maintain(nowMs);
  }
}

/** Null where the records are kept on disk: nothing of it is loaded then, and threads start sooner. */
function pulsarOf(
  { backend, maxInflatedBytes }: WorkerSettings,
  { codecs }: Machine,
): Promise<PulsarThread> | null {
  if (backend.kind !== 'pulsar') return null;
  const opening = import('../log/pulsar/pulsar-thread.js').then(({ openPulsarThread }) =>
    openPulsarThread(backend, codecs, maxInflatedBytes),
  );
  // Whoever opens a log there is told.
  opening.catch(() => {});
  return opening;
}

/** Damage has a code of its own: unlike a disk that fails or is full, no later opening finds it gone. */
function errorCodeOf(error: unknown): number {
  if (!(error instanceof LogFault)) return ErrorCode.UNKNOWN_SERVER_ERROR;
  return error.code === 'corrupt' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.KAFKA_STORAGE_ERROR;
}
