import { Compression } from '../../native/codecs.js';
import { Content, nobody, type Sender, type SimRecord } from './content.js';
import type { SimPartition } from './sim-partition.js';
import type { World } from './world.js';

/** Batches that a client has in flight at most, and one that is sent again from so far back. */
const maxInFlight = 5;
const remembered = 8;
const keys = 8;

/** Makes batches that no other is like. */
export class Contents {
  readonly #world: World;
  #last = 0;

  constructor(world: World) {
    this.#world = world;
  }

  make(partition: SimPartition, from: Sender = nobody): Content {
    const { random, schedule } = this.#world;
    const id = ++this.#last;
    const count = random.between(1, 4);
    const { cleanupCompact } = partition.model.config;
    const valueBytes = random.chance(0.05) ? 900 : random.below(60);
    const records = Array.from({ length: count }, (_, i): SimRecord => {
      const isTombstone = cleanupCompact && i > 0 && random.chance(0.1);
      return {
        key: `k${random.below(keys)}`,
        value: isTombstone ? null : `${id}.${i}.${'v'.repeat(valueBytes)}`,
        timestampMs: schedule.wallMs() - random.below(20),
      };
    });
    const compression = random.chance(0.9) ? Compression.none : random.between(1, 4);
    const content = new Content(id, records, compression, from);
    partition.model.made(content);
    return content;
  }
}

/** An idempotent producer of one partition: it repeats what failed, in order, with the same bytes. */
export class Producer {
  readonly id: number;
  readonly #world: World;
  readonly #contents: Contents;
  #epoch = 0;
  #nextSequence = 0;
  /** Sent and not accepted, in order. */
  #open: Content[] = [];
  #accepted: Content[] = [];
  #retries = 0;

  constructor(id: number, world: World, contents: Contents) {
    this.id = id;
    this.#world = world;
    this.#contents = contents;
  }

  /** Sends what is to be sent next. */
  send(partition: SimPartition): void {
    const { random } = this.#world;
    this.#settle();
    if (this.#open.some(({ inFlight }) => inFlight > 0)) {
      if (this.#open.every(({ inFlight }) => inFlight > 0)) this.#sendNew(partition);
    } else if (this.#open.length > 0) this.#repeat(partition);
    else if (random.chance(0.1)) this.#sendGap(partition);
    else if (random.chance(0.04)) this.#bumpEpoch();
    else this.#sendNew(partition);
  }

  /** Sends a batch again that was accepted already. */
  duplicate(partition: SimPartition): void {
    this.#settle();
    const { random } = this.#world;
    if (this.#accepted.length > 0) partition.send(random.pick(this.#accepted), -1);
  }

  #sendNew(partition: SimPartition): void {
    const { random } = this.#world;
    const room = maxInFlight - this.#open.length;
    for (let left = Math.min(room, random.between(1, 3)); left > 0; left--) {
      const content = this.#contents.make(partition, this.#sender(this.#nextSequence));
      if (!partition.send(content, -1)) return;
      this.#nextSequence += content.count;
      this.#open.push(content);
    }
  }

  /** A batch too far ahead, or of an epoch that is over: nobody may ever see it. */
  #sendGap(partition: SimPartition): void {
    const { random } = this.#world;
    const sender = this.#sender(this.#nextSequence + random.between(1, 3));
    const isOld = this.#epoch > 0 && random.chance(0.3);
    const from = isOld ? { ...sender, producerEpoch: this.#epoch - 1 } : sender;
    if (this.#accepted.length === 0) return;
    partition.send(this.#contents.make(partition, from), -1);
    this.#bumpEpoch();
  }

  #repeat(partition: SimPartition): void {
    if (++this.#retries > 4) {
      this.#bumpEpoch();
      return;
    }
    for (const content of this.#open) if (!partition.send(content, -1)) return;
  }

  #bumpEpoch(): void {
    this.#epoch++;
    this.#nextSequence = 0;
    this.#open = [];
    this.#accepted = [];
    this.#retries = 0;
  }

  #settle(): void {
    while (this.#open[0]?.wasAccepted) {
      this.#accepted.push(this.#open.shift()!);
      this.#retries = 0;
    }
    while (this.#accepted.length > remembered) this.#accepted.shift();
    this.#accepted = this.#accepted.filter(({ wasAccepted }) => wasAccepted);
  }

  #sender(baseSequence: number): Sender {
    return { producerId: this.id, producerEpoch: this.#epoch, baseSequence };
  }
}
