import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { WaitingFetch } from '../../engine/wait/waiting-fetches.js';
import type { Channel, Completable, Completion } from '../../workers/ring/channel.js';
import { SubmitFlag } from '../../workers/ring/slots.js';
import type { SimPartition } from './sim-partition.js';
import type { World } from './world.js';

/** Longer than a simulation lasts: a reader that is not woken stays asleep. */
const waitMs = 2 ** 30;
const retryMs = 5;

/** A consumer at the end of a partition, active through everything that befalls it. */
export class SimReader implements Completable, WaitingFetch {
  readonly #world: World;
  readonly #partition: SimPartition;
  position = 0;
  state: 'idle' | 'reading' | 'parked' = 'idle';
  #askedWatermark = 0;

  constructor(world: World, partition: SimPartition) {
    this.#world = world;
    this.#partition = partition;
  }

  get slots(): readonly number[] {
    return [this.#partition.slot];
  }

  /** Reads if there is something, else waits for it. */
  go(): void {
    if (this.state !== 'idle' || !this.#partition.online) return;
    if (this.#hasNews()) this.#read();
    else this.#park();
  }

  /** A thread that publishes meanwhile runs beside main: what it does comes between the look and the sleep. */
  #park(): void {
    const { schedule, random } = this.#world;
    const { broker } = this.#partition;
    this.state = 'reading';
    schedule.after(random.next(), broker.life, () => {
      this.state = 'parked';
      broker.waits.park(this, waitMs);
    });
  }

  satisfied(): boolean {
    if (this.state !== 'parked') return true;
    if (this.#partition.online && !this.#hasNews()) return false;
    this.state = 'idle';
    this.#later(0);
    return true;
  }

  expired(): void {
    this.state = 'idle';
  }

  completed(_index: number, completion: Completion, channel: Channel): void {
    this.state = 'idle';
    const { model, broker } = this.#partition;
    const { errorCode, start, sizeBytes, starved } = completion;
    this.#partition.observe();
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) this.#reset();
    else if (errorCode === ErrorCode.NONE && start !== -1) {
      this.position = model.read(channel.replies, start, start + sizeBytes, this.position);
      channel.release(start);
    } else if (errorCode === ErrorCode.NONE && !starved) {
      this.#world.check(this.position >= this.#askedWatermark || this.#isTrimmed(), () => {
        return `${model.name}: nothing was read at ${this.position}, below ${this.#askedWatermark}`;
      });
    }
    if (!broker.life.isDead) this.#later(errorCode === 0 && !starved ? 0 : retryMs);
  }

  #hasNews(): boolean {
    const { logStartOffset, highWatermark } = this.#partition.line();
    return this.position < Math.max(highWatermark, logStartOffset);
  }

  #isTrimmed(): boolean {
    return this.position < this.#partition.model.logStartOffset;
  }

  /** As a consumer with `auto.offset.reset` does. */
  #reset(): void {
    const { logStartOffset, highWatermark, name } = this.#partition.model;
    if (this.position < logStartOffset) this.position = logStartOffset;
    else {
      this.#world.check(this.position <= highWatermark, () => {
        return `${name}: ${this.position} is out of range, and was read`;
      });
    }
  }

  #read(): void {
    const { random } = this.#world;
    this.state = 'reading';
    this.#askedWatermark = this.#partition.line().highWatermark;
    const maxBytes = random.pick([1, 300, 2_000, 2 ** 16]);
    this.#partition.read(this.position, maxBytes, SubmitFlag.atLeastOneBatch, this);
  }

  #later(delayMs: number): void {
    const { schedule, random } = this.#world;
    schedule.after(delayMs + random.next() * 0.3, this.#partition.broker.life, () => this.go());
  }
}

/** Reads a partition from its start to its end, and has the model compare what is there. */
export class Audit implements Completable {
  readonly #world: World;
  readonly #partition: SimPartition;
  readonly #seen = new Set<number>();
  readonly #generation: number;
  readonly #from: number;
  readonly #to: number;
  #position: number;

  constructor(world: World, partition: SimPartition) {
    this.#world = world;
    this.#partition = partition;
    this.#generation = partition.generation;
    const { logStartOffset, highWatermark } = partition.line();
    this.#from = logStartOffset;
    this.#to = highWatermark;
    this.#position = logStartOffset;
  }

  start(): void {
    this.#go();
  }

  completed(_index: number, completion: Completion, channel: Channel): void {
    const { model, broker } = this.#partition;
    const { errorCode, start, sizeBytes } = completion;
    this.#partition.observe();
    if (this.#partition.generation !== this.#generation || broker.life.isDead) return;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      this.#position = Math.max(this.#position, model.logStartOffset);
    } else if (errorCode === ErrorCode.NONE && start !== -1) {
      const before = this.#position;
      this.#position = model.read(channel.replies, start, start + sizeBytes, before);
      model.mark(channel.replies, start, start + sizeBytes, this.#seen);
      channel.release(start);
    } else if (errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) return;
    this.#world.schedule.after(errorCode === 0 ? 0.1 : retryMs, broker.life, () => this.#go());
  }

  #go(): void {
    const partition = this.#partition;
    if (partition.generation !== this.#generation || !partition.online) return;
    if (this.#position < this.#to) {
      partition.read(this.#position, 2 ** 15, SubmitFlag.atLeastOneBatch, this);
      return;
    }
    const from = Math.max(this.#from, partition.model.logStartOffset);
    partition.model.audited(from, this.#to, this.#seen);
  }
}
