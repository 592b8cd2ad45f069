import type { ChannelMemory } from './channel.js';
import { doubleAt, RingConsumer, RingProducer, wordAt } from './ring.js';
import { Complete, Submit } from './slots.js';

/** One submission as the worker sees it; reused, so read it before the next `take`. */
export interface Submission {
  op: number;
  token: number;
  slot: number;
  generation: number;
  start: number;
  sizeBytes: number;
  flags: number;
  maxBytes: number;
  offset: number;
}

/** The worker's end of its rings. */
export class WorkerEnd {
  readonly #submissions: RingConsumer;
  readonly #completions: RingProducer;
  readonly #submission: Submission = {
    op: 0,
    token: 0,
    slot: 0,
    generation: 0,
    start: 0,
    sizeBytes: 0,
    flags: 0,
    maxBytes: 0,
    offset: 0,
  };

  constructor(memory: ChannelMemory) {
    this.#submissions = new RingConsumer(memory.submissions);
    this.#completions = new RingProducer(memory.completions);
  }

  /** The oldest submission, or null if there is none. */
  take(): Submission | null {
    const at = this.#submissions.peek();
    if (at === -1) return null;
    const { words, doubles } = this.#submissions;
    const word = wordAt(at);
    const submission = this.#submission;
    submission.op = words[word + Submit.op] as number;
    submission.token = words[word + Submit.token] as number;
    submission.slot = words[word + Submit.slot] as number;
    submission.generation = words[word + Submit.generation] as number;
    submission.start = words[word + Submit.start] as number;
    submission.sizeBytes = words[word + Submit.sizeBytes] as number;
    submission.flags = words[word + Submit.flags] as number;
    submission.maxBytes = words[word + Submit.maxBytes] as number;
    submission.offset = doubles[doubleAt(at) + Submit.offset] as number;
    this.#submissions.advance();
    return submission;
  }

  /** Answers a token. The ring cannot be full: main keeps fewer tokens out than it has slots. */
  complete(
    token: number,
    errorCode: number,
    start: number,
    sizeBytes: number,
    starved: boolean,
    baseOffset: number,
    appendTimeMs: number,
    logStartOffset: number,
    fault = 0,
  ): void {
    const at = this.#completions.claim();
    if (at === -1) throw new Error('the completion ring is full');
    const { words, doubles } = this.#completions;
    const word = wordAt(at);
    const double = doubleAt(at);
    words[word + Complete.token] = token;
    words[word + Complete.errorCode] = errorCode;
    words[word + Complete.start] = start;
    words[word + Complete.sizeBytes] = sizeBytes;
    words[word + Complete.starved] = starved ? 1 : 0;
    words[word + Complete.fault] = fault;
    doubles[double + Complete.baseOffset] = baseOffset;
    doubles[double + Complete.appendTimeMs] = appendTimeMs;
    doubles[double + Complete.logStartOffset] = logStartOffset;
    this.#completions.publish();
  }
}
