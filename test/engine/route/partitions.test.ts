import { pino } from 'pino';
import t from 'tap';
import { LandingSlab } from '../../../engine/listen/landing-slab.js';
import type { OpenSpec } from '../../../engine/route/partition-port.js';
import { Partitions } from '../../../engine/route/partitions.js';
import { WorkerFailure } from '../../../workers/pool/partition-thread.js';
import type { WorkerPool } from '../../../workers/pool/pool.js';
import { allocateBells } from '../../../workers/ring/bell.js';
import type { ControlRequest } from '../../../workers/ring/control.js';
import { allocateTable, PartitionTable } from '../../../workers/ring/table.js';
import { logConfig } from '../../workers/batch/log-config.js';

const lines = 4;

/** A pool of one thread whose answers the test gives. */
class FakeThread {
  readonly asked: ControlRequest[] = [];
  #onAsked: () => void = () => {};
  readonly #answers: { resolve(): void; reject(error: unknown): void }[] = [];

  ask(request: ControlRequest): Promise<void> {
    this.asked.push(request);
    this.#onAsked();
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  }

  /** Resolves when the thread is asked something. */
  nextAsked(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = resolve;
    });
  }

  async answerAll(error: unknown = null): Promise<void> {
    for (const { resolve, reject } of this.#answers.splice(0)) {
      if (error === null) resolve();
      else reject(error);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function partitionsOf(
  thread: FakeThread,
  log = pino({ level: 'silent' }),
  isOurTurn = () => true,
): Partitions {
  const bells = new Int32Array(allocateBells(1));
  const table = new PartitionTable(allocateTable(lines), lines, bells);
  const pool = { table, thread: () => thread } as unknown as WorkerPool;
  const slab = new LandingSlab(2 ** 20, 2 ** 16);
  return new Partitions(pool, 1, slab, log, isOurTurn);
}

const spec: OpenSpec = {
  topic: 'topic',
  topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
  partition: 0,
  config: logConfig({ retentionMs: 1 }),
  create: false,
  recoveryPoint: 9,
  logStartOffset: 4,
  cleanShutdown: true,
};

t.test('configs that change while a partition is opened again reach its thread', async (t) => {
  const thread = new FakeThread();
  const partitions = partitionsOf(thread);
  const after = logConfig({ retentionMs: 2 });
  const opening = partitions.open(spec);
  await thread.answerAll();
  const ref = await opening;
  partitions.workerDown(0);
  partitions.workerUp(0);
  await partitions.configure(ref, after);
  await thread.answerAll();
  t.equal(ref.online, true);
  t.match(thread.asked.at(-1), { kind: 'configure', slot: ref.slot, config: after });
  t.equal(thread.asked.length, 3);
});

t.test('a partition whose thread dies while it is opened is opened by the next one', async (t) => {
  const thread = new FakeThread();
  const partitions = partitionsOf(thread);
  const opening = partitions.open(spec);
  await thread.answerAll(new WorkerFailure(6, 'the partition thread ended'));
  const ref = await opening;
  t.equal(ref.online, false);
  partitions.workerUp(0);
  t.match(thread.asked.at(-1), { kind: 'open', recoveryPoint: 9, logStartOffset: 4 });
  await thread.answerAll();
  t.equal(ref.online, true);
  partitions.stop();
});

t.test('one that does not open for want of space or descriptors is tried again', async (t) => {
  const thread = new FakeThread();
  const partitions = partitionsOf(thread);
  const opening = partitions.open(spec);
  await thread.answerAll(new WorkerFailure(56, 'EMFILE: too many open files'));
  const ref = await opening;
  t.equal(ref.online, false);
  t.equal(ref.offlineErrorCode, 56, "clients get Kafka's error of a log that is not there");
  await thread.nextAsked();
  t.match(thread.asked.at(-1), { kind: 'open', recoveryPoint: 9, cleanShutdown: false });
  await thread.answerAll();
  t.equal(ref.online, true);
});

t.test(
  'while it is not the turn of this node, nothing is opened again, and no word said',
  async (t) => {
    const thread = new FakeThread();
    const lines: string[] = [];
    let isOurTurn = true;
    const log = pino({}, { write: (line) => lines.push(line) });
    const partitions = partitionsOf(thread, log, () => isOurTurn);
    const opening = partitions.open(spec);
    await thread.answerAll();
    const ref = await opening;
    isOurTurn = false;
    partitions.workerDown(0);
    partitions.workerUp(0);
    await thread.answerAll();
    t.equal(thread.asked.length, 1);
    t.strictSame(lines, []);
    isOurTurn = true;
    partitions.reopenAll();
    await thread.answerAll();
    t.equal(ref.online, true);
  },
);

t.test('a log that is found damaged is not read again and again', async (t) => {
  const thread = new FakeThread();
  const lines: string[] = [];
  const partitions = partitionsOf(thread, pino({}, { write: (line) => lines.push(line) }));
  const opening = partitions.open(spec);
  await thread.answerAll();
  const ref = await opening;
  partitions.workerDown(0);
  t.equal(ref.offlineErrorCode, 6, 'its thread is being replaced');
  partitions.workerUp(0);
  await thread.answerAll(new WorkerFailure(2, 'damaged'));
  t.equal(ref.offlineErrorCode, 56);
  t.match(lines.join(), /could not be opened again; see `kopje check --repair`/);
});

t.test('one that does not open, or is new, is given up', async (t) => {
  const thread = new FakeThread();
  const partitions = partitionsOf(thread);
  const damaged = partitions.open(spec);
  await Promise.all([
    t.rejects(damaged, /damaged/),
    thread.answerAll(new WorkerFailure(2, 'damaged')),
  ]);
  const made = partitions.open({ ...spec, create: true });
  await Promise.all([t.rejects(made, /ended/), thread.answerAll(new WorkerFailure(6, 'ended'))]);
  t.same([...partitions.all()], []);
});

t.test('what was in the memory of a dead thread is not opened again', async (t) => {
  const thread = new FakeThread();
  const partitions = partitionsOf(thread);
  const opening = partitions.open(spec);
  await thread.answerAll();
  const ref = await opening;
  partitions.workerDown(0);
  t.equal(ref.offlineErrorCode, 6, 'its thread is being replaced');
  partitions.workerLost(0);
  t.equal(thread.asked.length, 1);
  t.equal(ref.online, false);
  t.equal(ref.offlineErrorCode, 56);
});
