import { threadId } from 'node:worker_threads';
import type { FilePlace, ReadResult, ReplyMemory } from './log/log.js';
import { type Machine, thisMachine } from './machine.js';
import { ControlDesk } from './partition/control-desk.js';
import type { Partition } from './partition/partition.js';
import { AppendRequest } from './partition/request.js';
import { BellListener, ringBell, workerBell } from './ring/bell.js';
import type { ControlMessage, FromWorker, WorkerTask } from './ring/control.js';
import { packDetail } from './ring/detail.js';
import { PageAllocator } from './ring/pages.js';
import {
  Bell,
  fileStart,
  Op,
  SubmitFlag,
  WorkerCounter,
  type WorkerCounterSlot,
} from './ring/slots.js';
import { PartitionTable } from './ring/table.js';
import { type Submission, WorkerEnd } from './ring/worker-end.js';

/** Submissions taken in one turn; then whatever they left dirty is written, and timers get their share. */
const turnLimit = 1024;
/** Page of the reply slab. */
const replyPageBytes = 16 * 1024;
/** Kafka's NOT_LEADER_OR_FOLLOWER. */
const notLeader = 6;

/** The worker's own memory for fetch replies and packed details, lent to main by range. */
class ReplySlab implements ReplyMemory {
  readonly view: Uint8Array;
  readonly #pages: PageAllocator;
  readonly #counters: Float64Array;

  constructor(memory: SharedArrayBuffer, counters: Float64Array) {
    this.view = new Uint8Array(memory);
    this.#counters = counters;
    this.#pages = new PageAllocator(0, memory.byteLength, replyPageBytes);
    this.#tell();
  }

  allocate(sizeBytes: number): number {
    const start = this.#pages.allocate(sizeBytes);
    this.#tell();
    return start;
  }

  release(start: number): void {
    this.#pages.release(start);
    this.#tell();
  }

  #tell(): void {
    this.#counters[WorkerCounter.replyUsed] = this.#pages.usedBytes;
  }
}

/** What a partition is known by on this thread. */
export interface Opened {
  readonly partition: Partition;
  readonly generation: number;
  dirty: boolean;
  /** Reads whose batches are on their way; no more than main has tokens. */
  readonly held: Submission[];
}

/**
 * One partition thread: takes submissions off its ring in bounded turns, hands them to the partitions
 * that it owns, and lets each of these write everything that waits for it in one go.
 */
export class PartitionWorker {
  readonly task: WorkerTask;
  readonly table: PartitionTable;
  /** Open partitions by line of the table. */
  readonly opened = new Map<number, Opened>();
  readonly done: Promise<void>;
  readonly #bells: Int32Array;
  readonly #end: WorkerEnd;
  readonly #landing: Uint8Array;
  readonly #replies: ReplySlab;
  readonly #listener: BellListener;
  readonly #desk: ControlDesk;
  readonly #counters: Float64Array;
  readonly #dirty: Opened[] = [];
  readonly #read: ReadResult = { start: -1, sizeBytes: 0, starved: false, awaited: false };
  readonly #place: FilePlace = { segmentBaseOffset: 0, position: 0, sizeBytes: 0, inode: -1 };
  #owesBell = false;
  #finish: () => void = () => {};

  constructor(task: WorkerTask, machine: Machine = thisMachine(task.settings)) {
    this.task = task;
    this.#bells = new Int32Array(task.bells);
    this.table = new PartitionTable(task.table, task.tableLines, this.#bells);
    const countersAt = task.index * WorkerCounter.slots * Float64Array.BYTES_PER_ELEMENT;
    this.#counters = new Float64Array(task.counters, countersAt, WorkerCounter.slots);
    this.#end = new WorkerEnd(task.memory);
    this.#landing = new Uint8Array(task.landing);
    this.#replies = new ReplySlab(task.memory.replies, this.#counters);
    this.#desk = new ControlDesk(this, machine);
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const bell = workerBell(task.index);
    this.#listener = new BellListener(this.#bells, bell, () => this.#turn(), machine.sleeper);
    // The port is the referenced handle that keeps this thread's event loop alive.
    task.port.on('message', (message: ControlMessage) => {
      void this.#desk.answer(message);
    });
  }

  start(): void {
    this.#listener.start();
    this.tell({ kind: 'up', threadId });
  }

  stop(): void {
    this.#listener.close();
    this.#desk.close();
    this.task.port.close();
    this.#finish();
  }

  tell(message: FromWorker): void {
    this.task.port.postMessage(message);
  }

  /** Main is woken once for all that one callback completed. */
  owesBell(): void {
    if (this.#owesBell) return;
    this.#owesBell = true;
    queueMicrotask(() => {
      this.#owesBell = false;
      ringBell(this.#bells, Bell.main);
    });
  }

  count(slot: WorkerCounterSlot, sizeBytes: number): void {
    this.#counters[slot] = (this.#counters[slot] as number) + sizeBytes;
  }

  completeAppend(request: AppendRequest): void {
    let start = -1;
    let sizeBytes = 0;
    if (request.detail !== null) {
      const packed = packDetail(request.detail);
      start = this.#replies.allocate(packed.length);
      if (start !== -1) {
        this.#replies.view.set(packed, start);
        sizeBytes = packed.length;
        this.count(WorkerCounter.detail, sizeBytes);
      }
    }
    if (request.errorCode === 0 && !request.internal) {
      this.count(WorkerCounter.produced, request.end - request.start);
    }
    this.#end.complete(
      request.token,
      request.errorCode,
      start,
      sizeBytes,
      false,
      request.baseOffset,
      request.appendTimeMs,
      request.logStartOffset,
      request.fault,
    );
    this.owesBell();
  }

  /** Tries again what could not be read yet. */
  answerHeld({ held }: Opened): void {
    for (const submission of held.splice(0)) this.#answerRead(submission);
  }

  #turn(): boolean {
    let more = true;
    for (let taken = 0; taken < turnLimit; taken++) {
      const submission = this.#end.take();
      if (submission === null) {
        more = false;
        break;
      }
      if (submission.op === Op.append) this.#append(submission);
      else if (submission.op === Op.read) this.#answerRead(submission);
      else this.#replies.release(submission.start);
    }
    this.#writeDirty();
    return more;
  }

  #writeDirty(): void {
    const dirty = this.#dirty;
    for (const opened of dirty) {
      opened.dirty = false;
      opened.partition.drain();
    }
    dirty.length = 0;
  }

  #append(submission: Submission): void {
    const opened = this.opened.get(submission.slot);
    const { token, start } = submission;
    if (!opened || opened.generation !== submission.generation) {
      this.#refuse(token);
      return;
    }
    const request = new AppendRequest(token, this.#landing, start, start + submission.sizeBytes);
    request.acks = (submission.flags & SubmitFlag.acksMask) - 1;
    request.internal = (submission.flags & SubmitFlag.internal) !== 0;
    opened.partition.enqueue(request);
    if (opened.dirty) return;
    opened.dirty = true;
    this.#dirty.push(opened);
  }

  #answerRead(submission: Submission): void {
    const opened = this.opened.get(submission.slot);
    const { token, flags } = submission;
    if (!opened || opened.generation !== submission.generation) {
      this.#refuse(token);
      return;
    }
    // A read sees every append of the same client that came before it.
    if (opened.dirty) this.#writeDirty();
    if ((flags & SubmitFlag.fileAllowed) !== 0 && this.#located(submission, opened)) return;
    const result = this.#read;
    const isCommitted = (flags & SubmitFlag.readCommitted) !== 0;
    const errorCode = opened.partition.read(
      submission.offset,
      submission.maxBytes,
      (flags & SubmitFlag.atLeastOneBatch) !== 0,
      isCommitted ? 1 : 0,
      this.#replies,
      result,
    );
    if (result.awaited) {
      opened.held.push({ ...submission });
      return;
    }
    this.count(WorkerCounter.fetchRead, result.sizeBytes);
    this.#end.complete(
      token,
      errorCode,
      result.start,
      result.sizeBytes,
      result.starved,
      -1,
      -1,
      -1,
      isCommitted && opened.partition.hasAborted(submission.offset) ? 1 : 0,
    );
    this.owesBell();
  }

  /** Answers a read with a place in a file, if the batches lie in one and are many. */
  #located(submission: Submission, { partition }: Opened): boolean {
    const { token, offset, maxBytes, flags } = submission;
    const place = this.#place;
    const atLeastOneBatch = (flags & SubmitFlag.atLeastOneBatch) !== 0;
    if (!partition.locate(offset, maxBytes, atLeastOneBatch, place)) return false;
    const { segmentBaseOffset, position, sizeBytes, inode } = place;
    this.#end.complete(token, 0, fileStart, sizeBytes, false, segmentBaseOffset, position, inode);
    this.owesBell();
    return true;
  }

  #refuse(token: number): void {
    this.#end.complete(token, notLeader, -1, 0, false, -1, -1, -1);
    this.owesBell();
  }
}

/** The pool's long task: runs until main asks it to stop. */
export default async function run(task: WorkerTask): Promise<void> {
  const worker = new PartitionWorker(task);
  worker.start();
  await worker.done;
}
