import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { Completable, Completion } from '../../workers/ring/channel.js';
import { type LineState, newLineState } from '../../workers/ring/table.js';
import type { Content } from './content.js';
import type { PartitionModel } from './partition-model.js';
import type { Sending } from './sequences.js';
import type { SimBroker } from './sim-broker.js';
import { Audit, SimReader } from './sim-reader.js';
import type { SimThread } from './sim-thread.js';
import type { World } from './world.js';

const readersPerPartition = 1;

/** One append under way. */
class SentAppend implements Completable {
  readonly #partition: SimPartition;
  readonly #sending: Sending;
  readonly #acks: number;
  readonly #start: number;

  constructor(partition: SimPartition, sending: Sending, acks: number, start: number) {
    this.#partition = partition;
    this.#sending = sending;
    this.#acks = acks;
    this.#start = start;
  }

  completed(_index: number, { errorCode, baseOffset }: Completion): void {
    this.#partition.broker.landing.release(this.#start);
    this.#partition.answered(this.#sending, this.#acks, errorCode, baseOffset);
  }
}

/** Main's record of a partition in one life of the process, and the clients that it has. */
export class SimPartition {
  readonly broker: SimBroker;
  readonly model: PartitionModel;
  readonly topic = 't';
  readonly topicId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  readonly offlineErrorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER;
  readonly slot: number;
  readonly worker: number;
  readonly readers: readonly SimReader[];
  readonly #world: World;
  readonly #state = newLineState();
  generation = 0;
  online = false;
  #sent = 0;
  #wasOpened = false;
  readonly #unanswered = new Set<Sending>();

  constructor(
    world: World,
    broker: SimBroker,
    model: PartitionModel,
    slot: number,
    worker: number,
  ) {
    this.#world = world;
    this.broker = broker;
    this.model = model;
    this.slot = slot;
    this.worker = worker;
    this.readers = Array.from({ length: readersPerPartition }, () => new SimReader(world, this));
  }

  get partition(): number {
    return this.slot;
  }

  get thread(): SimThread {
    return this.broker.threads[this.worker]!;
  }

  line(): LineState {
    return this.broker.table.read(this.slot, this.#state);
  }

  observe(): void {
    const line = this.line();
    // Once it is being opened again, the line is that of an opening that nobody was told of.
    const isOfThatOpening = this.#wasOpened && line.leaderEpoch === this.model.epoch;
    if (this.online || isOfThatOpening) this.model.observe(line);
  }

  nextGeneration(): number {
    this.generation = ++this.#world.lastGeneration;
    return this.generation;
  }

  opened(): void {
    this.model.opened(this.line());
    this.#wasOpened = true;
    this.online = true;
    this.#world.trace(`${this.model.name} is open: ${JSON.stringify(this.line())}`);
    for (const reader of this.readers) reader.go();
    new Audit(this.#world, this).start();
  }

  offline(): void {
    this.online = false;
    this.broker.waits.wake(this.slot);
  }

  audit(): void {
    new Audit(this.#world, this).start();
  }

  read(offset: number, maxBytes: number, flags: number, owner: Completable): void {
    this.thread.channel.read(this.slot, this.generation, offset, maxBytes, flags, owner, 0);
  }

  /** Sends a batch; false if there is no memory for it. */
  send(content: Content, acks: number): boolean {
    const { landing, landingView } = this.broker;
    const { bytes } = content;
    const start = landing.allocate(bytes.length);
    if (start === -1) return false;
    landingView.set(bytes, start);
    const sending: Sending = { content, number: this.#sent++, answer: null };
    this.#unanswered.add(sending);
    content.inFlight++;
    content.epochs.add(this.model.epoch);
    this.model.sequences.get(content.producerId)?.sent(sending);
    const owner = new SentAppend(this, sending, acks, start);
    const { slot, generation } = this;
    this.thread.channel.append(slot, generation, start, bytes.length, acks, false, owner, 0);
    return true;
  }

  answered(sending: Sending, acks: number, errorCode: number, baseOffset: number): void {
    const { content } = sending;
    const { model } = this;
    const isLost = this.broker.isBurying && errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER;
    if (!isLost) this.observe();
    content.inFlight--;
    this.#unanswered.delete(sending);
    const isRepeated = errorCode === ErrorCode.NONE && content.placedAt === baseOffset;
    if (errorCode === ErrorCode.NONE) {
      this.#world.check(baseOffset >= 0, () => `batch ${content.id} was accepted nowhere`);
      model.accepted(content, baseOffset, acks === -1);
    } else if (isLost || this.#mayStand(errorCode)) content.isInDoubt = true;
    const sequences = model.sequences.get(content.producerId);
    sending.answer = { errorCode, isRepeated };
    if (isLost) sequences?.forget();
    const wrong = sequences?.answered(this.#sent - 1) ?? null;
    this.#world.check(wrong === null, () => `${model.name}: ${wrong}`);
    this.#world.trace(
      `${model.name} batch ${content.id}: error ${errorCode}, offset ${baseOffset}, acks ${acks}`,
    );
  }

  /** The process is gone: nobody is told what became of what was sent. */
  abandon(): void {
    for (const { content } of this.#unanswered) {
      content.inFlight--;
      content.isInDoubt = true;
    }
    for (const sequences of this.model.sequences.values()) sequences.abandon();
    for (const reader of this.readers) this.broker.waits.forget(reader);
  }

  get isAnswered(): boolean {
    return this.#unanswered.size === 0;
  }

  /** An error of the disk may leave what was written; a full one never does. */
  #mayStand(errorCode: number): boolean {
    return errorCode === ErrorCode.KAFKA_STORAGE_ERROR && this.#world.faults.isHard;
  }
}
