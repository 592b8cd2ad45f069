import type { MessagePort } from 'node:worker_threads';
import { Channel } from '../../workers/ring/channel.js';
import type {
  ControlRequest,
  FromWorker,
  WorkerNotice,
  WorkerTask,
} from '../../workers/ring/control.js';
import { allocateRing } from '../../workers/ring/ring.js';
import { PartitionWorker } from '../../workers/thread.js';
import { LifeDisk } from './life-disk.js';
import { Life } from './schedule.js';
import { codecs, type World } from './world.js';

/** Few, so that the rings are full now and then. */
const ringSlots = 8;
const replyBytes = 2 ** 16;

/** The thread did not do what it was asked. */
export class AskFailure extends Error {
  readonly isOfDeadThread: boolean;

  constructor(message: string, isOfDeadThread: boolean) {
    super(message);
    this.isOfDeadThread = isOfDeadThread;
  }
}

interface Asked {
  resolve(value: unknown): void;
  reject(error: AskFailure): void;
}

/** One life of a partition thread, the real one on a simulated machine, and main's end of it. */
export class SimThread {
  readonly life = new Life();
  readonly channel: Channel;
  readonly index: number;
  readonly #world: World;
  readonly #mainLife: Life;
  readonly #notice: (notice: WorkerNotice) => void;
  readonly #memory: WorkerTask['memory'];
  readonly #task: Omit<WorkerTask, 'port'>;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #hear: (message: unknown) => void = () => {};
  #toWorkerMs = 0;
  #toMainMs = 0;
  /** What main and the thread shared when it died. */
  #atDeath: Int32Array[] = [];

  constructor(
    world: World,
    index: number,
    template: Omit<WorkerTask, 'port' | 'memory' | 'index'>,
    mainLife: Life,
    notice: (notice: WorkerNotice) => void,
  ) {
    this.#world = world;
    this.#mainLife = mainLife;
    this.#notice = notice;
    this.index = index;
    this.#memory = {
      submissions: allocateRing(ringSlots),
      completions: allocateRing(ringSlots),
      replies: new SharedArrayBuffer(replyBytes),
    };
    this.#task = { ...template, index, memory: this.#memory };
    const bells = new Int32Array(template.bells);
    this.channel = new Channel(index, this.#memory, bells, queueMicrotask);
  }

  start(): void {
    const { schedule } = this.#world;
    const worker = new PartitionWorker(
      { ...this.#task, port: this.#port() },
      {
        disk: new LifeDisk(this.#world, this.life),
        isDiskShared: true,
        removeDirectory() {},
        codecs,
        sleeper: schedule.sleeperOf(this.life),
        now: schedule.wallMs,
        every: (intervalMs, act) => schedule.every(this.life, intervalMs, act),
        close() {},
      },
    );
    schedule.after(0, this.life, () => worker.start());
  }

  ask(request: ControlRequest): Promise<unknown> {
    const { schedule, random } = this.#world;
    if (this.life.isDead) return Promise.reject(new AskFailure('the thread is dead', true));
    const id = ++this.#lastId;
    // Messages of one port keep their order.
    this.#toWorkerMs = Math.max(this.#toWorkerMs, schedule.nowMs + random.next());
    schedule.after(this.#toWorkerMs - schedule.nowMs, this.life, () => this.#hear({ id, request }));
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  /** Dies at this very moment: what its code still does has no effect. */
  die(): void {
    if (this.life.isDead) return;
    this.life.isDead = true;
    this.#atDeath = this.#shared().map((words) => words.slice());
  }

  /** Takes back what the code of the dead thread did to shared memory on its way out. */
  exorcise(): void {
    for (const [i, words] of this.#shared().entries()) words.set(this.#atDeath[i]!);
  }

  /** Main gives the thread up: nothing that it was asked for comes any more. */
  bury(): void {
    this.channel.fail();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { reject } of asked) reject(new AskFailure('the thread died', true));
  }

  #shared(): Int32Array[] {
    const { submissions, completions } = this.#memory;
    return [submissions, completions, this.#task.table, this.#task.bells].map(
      (memory) => new Int32Array(memory),
    );
  }

  #port(): MessagePort {
    const port = {
      on: (_event: string, listener: (message: unknown) => void) => {
        this.#hear = listener;
      },
      postMessage: (message: FromWorker) => this.#tell(message),
      close() {},
    };
    return port as unknown as MessagePort;
  }

  #tell(message: FromWorker): void {
    if (this.life.isDead) return;
    const { schedule, random } = this.#world;
    this.#toMainMs = Math.max(this.#toMainMs, schedule.nowMs + random.next());
    schedule.after(this.#toMainMs - schedule.nowMs, this.#mainLife, () => this.#receive(message));
  }

  #receive(message: FromWorker): void {
    if (message.kind !== 'answer' && message.kind !== 'failure') {
      this.#notice(message);
      return;
    }
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.kind === 'answer') asked?.resolve(message.value);
    else asked?.reject(new AskFailure(message.message, false));
  }
}
