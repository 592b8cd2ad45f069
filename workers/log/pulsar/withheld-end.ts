import type { OpenedTopic } from './opened-topic.js';

/** What is in a topic's end once readers are sent it. */
export type LearntEnd = Pick<OpenedTopic, 'endOffset' | 'hole' | 'transactionsFound'>;

/** An end that Pulsar sends to no reader, because a transaction of its own is open before it. */
export interface Withheld {
  /** Rejects with AdminError, IndexMissing. */
  isOver(): Promise<boolean>;
  /** What is there; appends follow behind it. Rejects with AdminError, PulsarError, ConnectionLost. */
  learn(): Promise<LearntEnd>;
}

export interface WithheldEvents {
  learnt(end: LearntEnd): void;
  failed(reason: Error): void;
}

/**
 * Asks now and then whether the transaction has ended. Nothing is appended before that: which batches of producers
 * are in the end is not known, and what is written behind it no reader would be sent.
 */
export class WithheldEnd {
  readonly #withheld: Withheld;
  readonly #events: WithheldEvents;
  #isAsking = false;

  constructor(withheld: Withheld, events: WithheldEvents) {
    this.#withheld = withheld;
    this.#events = events;
  }

  ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#learn().then(
      (end) => {
        this.#isAsking = false;
        if (end !== null) this.#events.learnt(end);
      },
      (reason: Error) => this.#events.failed(reason),
    );
  }

  async #learn(): Promise<LearntEnd | null> {
    return (await this.#withheld.isOver()) ? this.#withheld.learn() : null;
  }
}
