import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Worker,
} from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { Channel, type ChannelMemory } from '../ring/channel.js';
import type {
  ControlMessage,
  ControlRequest,
  FromWorker,
  WorkerNotice,
  WorkerTask,
} from '../ring/control.js';
import { allocateRing } from '../ring/ring.js';

/** Kafka's NOT_LEADER_OR_FOLLOWER: what a partition answers while its thread is replaced. */
const notLeader = 6;

/** A request that the worker answered with an error, or that died with it. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
  /** A Kafka error code. */
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}

export interface ThreadEvents {
  /** The thread is gone or going; its partitions answer NOT_LEADER_OR_FOLLOWER from now on. */
  down(index: number, reason: unknown): void;
  notice(index: number, notice: WorkerNotice): void;
}

interface Asked {
  resolve(value: unknown): void;
  reject(error: WorkerFailure): void;
}

export type TaskTemplate = Omit<WorkerTask, 'index' | 'memory' | 'port'>;

/**
 * One life of one partition thread: its rings, its control port and the pool's task that runs it.
 * A replacement is a new object with new rings, so that nothing late can reach it.
 */
export class PartitionThread {
  readonly index: number;
  readonly channel: Channel;
  /** Resolves once the thread has exited, so that its last file writes have ended. */
  readonly exited: Promise<void>;
  /** Resolves when the thread listens; rejects if it dies before that. */
  readonly up: Promise<void>;
  readonly #port: MessagePort;
  readonly #events: ThreadEvents;
  readonly #pool: Piscina;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #worker: Worker | null = null;
  #stopping = false;
  #buried = false;
  #settleUp: { resolve(): void; reject(error: unknown): void };
  #settleExited: () => void;

  constructor(
    index: number,
    pool: Piscina,
    template: TaskTemplate,
    sizes: { ringSlots: number; replyBytes: number },
    events: ThreadEvents,
  ) {
    this.index = index;
    this.#events = events;
    this.#pool = pool;
    const memory: ChannelMemory = {
      submissions: allocateRing(sizes.ringSlots),
      completions: allocateRing(sizes.ringSlots),
      replies: new SharedArrayBuffer(sizes.replyBytes),
    };
    this.channel = new Channel(index, memory, new Int32Array(template.bells));
    this.#settleUp = { resolve: () => {}, reject: () => {} };
    this.#settleExited = () => {};
    this.up = new Promise<void>((resolve, reject) => {
      this.#settleUp = { resolve, reject };
    });
    this.exited = new Promise<void>((resolve) => {
      this.#settleExited = resolve;
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromWorker) => this.#receive(message));
    const task: WorkerTask = { ...template, index, memory, port: port2 };
    pool.run(task, { transferList: [port2] }).then(
      () => this.#ended(this.#stopping ? null : new Error('the thread ended its task unasked')),
      (error: unknown) => this.#ended(error),
    );
  }

  /** Asks the worker for something beside the rings. Rejects with WorkerFailure. */
  ask(request: ControlRequest): Promise<unknown> {
    if (this.#buried) return Promise.reject(ended());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#port.postMessage({ id, request } satisfies ControlMessage);
    });
  }

  /** Closes every partition of the thread and ends its task. False if the thread died instead. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    try {
      await this.ask({ kind: 'stop' });
      return true;
    } catch {
      return false;
    }
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'answer' || message.kind === 'failure') {
      const asked = this.#asked.get(message.id);
      if (!asked) return;
      this.#asked.delete(message.id);
      if (message.kind === 'answer') asked.resolve(message.value);
      else asked.reject(new WorkerFailure(message.errorCode, message.message));
    } else if (message.kind === 'up') {
      this.#adopt(message.threadId);
    } else {
      this.#events.notice(this.index, message);
    }
  }

  #adopt(threadId: number): void {
    const worker = this.#pool.threads.find((thread) => thread.threadId === threadId);
    if (!worker) throw new Error(`the pool has no thread ${threadId}`);
    this.#worker = worker;
    worker.once('exit', () => this.#settleExited());
    this.#settleUp.resolve();
  }

  /** The task settled: by request (null), or because the thread crashed. */
  #ended(reason: unknown): void {
    if (reason === null) {
      // The task's end comes by another port and may overtake the answer to `stop`.
      let last = receiveMessageOnPort(this.#port);
      while (last !== undefined) {
        this.#receive(last.message as FromWorker);
        last = receiveMessageOnPort(this.#port);
      }
      this.#refuseAsked();
      return;
    }
    this.#settleUp.reject(reason);
    // A thread that never reported an id has written nothing; one whose task failed may still run.
    if (this.#worker === null || this.#worker.threadId === -1) this.#settleExited();
    else void this.#worker.terminate();
    this.#events.down(this.index, reason);
    void this.exited.then(() => this.#bury());
  }

  #bury(): void {
    this.channel.fail();
    this.#refuseAsked();
  }

  /** Nobody is there to answer any more. */
  #refuseAsked(): void {
    this.#buried = true;
    for (const asked of this.#asked.values()) asked.reject(ended());
    this.#asked.clear();
    this.#port.close();
  }
}

function ended(): WorkerFailure {
  return new WorkerFailure(notLeader, 'the partition thread ended');
}
