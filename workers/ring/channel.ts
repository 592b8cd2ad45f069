import { ringBell, workerBell } from './bell.js';
import { doubleAt, RingConsumer, RingProducer, wordAt } from './ring.js';
import { Complete, Op, Submit, SubmitFlag } from './slots.js';

/** What came back for one submission; reused for every completion, so read it before returning. */
export interface Completion {
  errorCode: number;
  /** Range of the worker's reply slab, lent until `release`; −1: none. */
  start: number;
  sizeBytes: number;
  starved: boolean;
  /** Append that was refused: what `describeFault` has words for, or 0. Read: see `Complete.aborted`. */
  fault: number;
  baseOffset: number;
  appendTimeMs: number;
  logStartOffset: number;
}

/** Whoever submitted; `index` is the number that was given with the submission. */
export interface Completable {
  completed(index: number, completion: Completion, channel: Channel): void;
}

/** Memory of one worker's pair of rings and of its reply slab. Made anew for every generation of it. */
export interface ChannelMemory {
  readonly submissions: SharedArrayBuffer;
  readonly completions: SharedArrayBuffer;
  readonly replies: SharedArrayBuffer;
}

/** A submission that found the ring full, kept until a slot is free. */
interface Held {
  op: number;
  slot: number;
  generation: number;
  start: number;
  sizeBytes: number;
  flags: number;
  maxBytes: number;
  offset: number;
  owner: Completable | null;
  index: number;
}

/** Kafka's NOT_LEADER_OR_FOLLOWER: what a partition answers while its thread is replaced. */
const notLeader = 6;

/** The answer of a worker that is no more. */
function gone(): Completion {
  return {
    errorCode: notLeader,
    start: -1,
    sizeBytes: 0,
    starved: false,
    fault: 0,
    baseOffset: -1,
    appendTimeMs: -1,
    logStartOffset: -1,
  };
}

/** Completions taken in one turn before timers and sockets get their share. */
const drainLimit = 512;

/**
 * The main thread's end of one worker's rings. Tokens never outnumber the slots of the completion ring,
 * so that a completion never waits. What finds no slot is held in order: how much that can be is bounded
 * by the landing slab (appends) and by one read per partition of a fetch.
 */
export class Channel {
  readonly worker: number;
  /** The worker's reply slab; completions name ranges of it. */
  readonly replies: Uint8Array;
  readonly #submissions: RingProducer;
  readonly #completions: RingConsumer;
  readonly #bells: Int32Array;
  readonly #atTurnEnd: (ring: () => void) => void;
  readonly #owners: (Completable | null)[];
  readonly #indexes: Int32Array;
  readonly #freeTokens: Int32Array;
  #freeCount: number;
  #held: Held[] = [];
  /** Those before it have been submitted. */
  #firstHeld = 0;
  #triesAgain = false;
  #rungAtTurnEnd = false;
  #closed = false;
  readonly #ringWorker = (): void => {
    this.#rungAtTurnEnd = false;
    ringBell(this.#bells, workerBell(this.worker));
  };
  readonly #completion: Completion = gone();

  /** `atTurnEnd` calls back when the sockets of a turn have had their share; a simulation's turn is one event. */
  constructor(
    worker: number,
    memory: ChannelMemory,
    bells: Int32Array,
    atTurnEnd: (ring: () => void) => void = setImmediate,
  ) {
    this.worker = worker;
    this.#atTurnEnd = atTurnEnd;
    this.replies = new Uint8Array(memory.replies);
    this.#bells = bells;
    this.#submissions = new RingProducer(memory.submissions);
    this.#completions = new RingConsumer(memory.completions);
    const tokens = this.#completions.slots;
    this.#owners = new Array<Completable | null>(tokens).fill(null);
    this.#indexes = new Int32Array(tokens);
    this.#freeTokens = Int32Array.from({ length: tokens }, (_, token) => token);
    this.#freeCount = tokens;
  }

  /** Submissions not yet answered, those held back included. */
  get outstanding(): number {
    return this.#owners.length - this.#freeCount + this.#held.length - this.#firstHeld;
  }

  /** Descriptors that wait in the submission ring. */
  get depth(): number {
    return this.#submissions.depth;
  }

  /** Appends `[start, start + sizeBytes)` of the landing slab to a partition. */
  append(
    slot: number,
    generation: number,
    start: number,
    sizeBytes: number,
    acks: number,
    internal: boolean,
    owner: Completable,
    index: number,
  ): void {
    const flags = ((acks + 1) & SubmitFlag.acksMask) | (internal ? SubmitFlag.internal : 0);
    this.#submit(Op.append, slot, generation, start, sizeBytes, flags, 0, 0, owner, index);
  }

  /** Reads from `offset` below the high watermark into the worker's reply slab. */
  read(
    slot: number,
    generation: number,
    offset: number,
    maxBytes: number,
    flags: number,
    owner: Completable,
    index: number,
  ): void {
    this.#submit(Op.read, slot, generation, 0, 0, flags, maxBytes, offset, owner, index);
  }

  /** Gives a range of the reply slab back. After `fail` the whole slab is gone, so there is nothing to do. */
  release(start: number): void {
    if (!this.#closed) this.#submit(Op.release, 0, 0, start, 0, 0, 0, 0, null, 0);
  }

  /** Takes a bounded number of completions; true if more may be waiting. */
  drain(): boolean {
    const ring = this.#completions;
    for (let taken = 0; taken < drainLimit; taken++) {
      const index = ring.peek();
      if (index === -1) {
        this.#submitHeld();
        return false;
      }
      this.#take(wordAt(index), doubleAt(index));
    }
    this.#submitHeld();
    return true;
  }

  /** The worker is gone: answers everything outstanding, and whatever is submitted from now on. */
  fail(): void {
    // What the worker completed before it died counts.
    while (this.drain());
    this.#closed = true;
    const completion = gone();
    const held = this.#held.slice(this.#firstHeld);
    this.#held = [];
    this.#firstHeld = 0;
    for (let token = 0; token < this.#owners.length; token++) {
      const owner = this.#owners[token];
      if (!owner) continue;
      this.#owners[token] = null;
      owner.completed(this.#indexes[token] as number, completion, this);
    }
    for (const { owner, index } of held) owner?.completed(index, completion, this);
  }

  #take(word: number, double: number): void {
    const { words, doubles } = this.#completions;
    const token = words[word + Complete.token] as number;
    const completion = this.#completion;
    completion.errorCode = words[word + Complete.errorCode] as number;
    completion.start = words[word + Complete.start] as number;
    completion.sizeBytes = words[word + Complete.sizeBytes] as number;
    completion.starved = words[word + Complete.starved] === 1;
    completion.fault = words[word + Complete.fault] as number;
    completion.baseOffset = doubles[double + Complete.baseOffset] as number;
    completion.appendTimeMs = doubles[double + Complete.appendTimeMs] as number;
    completion.logStartOffset = doubles[double + Complete.logStartOffset] as number;
    this.#completions.advance();
    const owner = this.#owners[token];
    if (!owner) throw new Error(`worker ${this.worker} answered token ${token} twice`);
    this.#owners[token] = null;
    this.#freeTokens[this.#freeCount++] = token;
    owner.completed(this.#indexes[token] as number, completion, this);
  }

  #submit(
    op: number,
    slot: number,
    generation: number,
    start: number,
    sizeBytes: number,
    flags: number,
    maxBytes: number,
    offset: number,
    owner: Completable | null,
    index: number,
  ): void {
    if (this.#closed) {
      if (owner !== null) queueMicrotask(() => owner.completed(index, gone(), this));
      return;
    }
    const isNext = this.#firstHeld === this.#held.length;
    if (
      isNext &&
      this.#place(op, slot, generation, start, sizeBytes, flags, maxBytes, offset, owner, index)
    ) {
      return;
    }
    this.#held.push({
      op,
      slot,
      generation,
      start,
      sizeBytes,
      flags,
      maxBytes,
      offset,
      owner,
      index,
    });
    this.#tryAgain();
  }

  /** Puts a submission into the ring; false without a slot or a token for it. */
  #place(
    op: number,
    slot: number,
    generation: number,
    start: number,
    sizeBytes: number,
    flags: number,
    maxBytes: number,
    offset: number,
    owner: Completable | null,
    index: number,
  ): boolean {
    const at = owner !== null && this.#freeCount === 0 ? -1 : this.#submissions.claim();
    if (at === -1) return false;
    let token = -1;
    if (owner !== null) {
      token = this.#freeTokens[--this.#freeCount] as number;
      this.#owners[token] = owner;
      this.#indexes[token] = index;
    }
    const { words, doubles } = this.#submissions;
    const word = wordAt(at);
    words[word + Submit.op] = op;
    words[word + Submit.token] = token;
    words[word + Submit.slot] = slot;
    words[word + Submit.generation] = generation;
    words[word + Submit.start] = start;
    words[word + Submit.sizeBytes] = sizeBytes;
    words[word + Submit.flags] = flags;
    words[word + Submit.maxBytes] = maxBytes;
    doubles[doubleAt(at) + Submit.offset] = offset;
    this.#submissions.publish();
    if (this.#rungAtTurnEnd) return true;
    // One wake for everything that this turn of the event loop submits: for all the sockets that were readable.
    this.#rungAtTurnEnd = true;
    this.#atTurnEnd(this.#ringWorker);
    return true;
  }

  /** With a token out, its completion calls for what is held; a ring full of releases calls for nothing. */
  #tryAgain(): void {
    if (this.#triesAgain || this.#freeCount < this.#owners.length) return;
    this.#triesAgain = true;
    setImmediate(() => {
      this.#triesAgain = false;
      this.#submitHeld();
    });
  }

  /** From the front, as many as find a slot: a drain costs what it moves, however much waits. */
  #submitHeld(): void {
    const waiting = this.#held;
    while (this.#firstHeld < waiting.length) {
      const { op, slot, generation, start, sizeBytes, flags, maxBytes, offset, owner, index } =
        waiting[this.#firstHeld] as Held;
      if (
        !this.#place(op, slot, generation, start, sizeBytes, flags, maxBytes, offset, owner, index)
      ) {
        this.#tryAgain();
        break;
      }
      this.#firstHeld++;
    }
    // Moved together only when most of them are gone, so that each is moved once or twice.
    if (this.#firstHeld * 2 < waiting.length) return;
    waiting.splice(0, this.#firstHeld);
    this.#firstHeld = 0;
  }
}
