import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { Content } from './content.js';

/** Batches that a duplicate is looked for in. */
const window = 5;

/** What came back for one sending of a batch. */
export interface Answer {
  readonly errorCode: number;
  /** The batch was known to stand there already. */
  readonly isRepeated: boolean;
}

/** One sending of a batch, in the order in which they were sent. */
export interface Sending {
  readonly content: Content;
  readonly number: number;
  answer: Answer | null;
}

/**
 * What a partition must know of one idempotent producer (KIP-98), judged beside its answers. `isKnown` false: an opening
 * or a failure leaves more than one state possible, until `resume` says which it is.
 */
export class Sequences {
  isKnown = true;
  #epoch = -1;
  #last = -1;
  /** The batches that a duplicate is certainly known by, newest last. */
  #certain: Content[] = [];
  #queue: Sending[] = [];
  /** Sendings up to here may have been judged beside a batch of their run that was taken back. */
  #blurredUpTo = -1;

  get isIdle(): boolean {
    return this.#queue.length === 0;
  }

  sent(sending: Sending): void {
    this.#queue.push(sending);
  }

  /** Judges what can be judged by now; returns what is wrong, or null. */
  answered(lastNumber: number): string | null {
    while (this.#queue.length > 0 && this.#queue[0]!.answer !== null) {
      const sending = this.#queue.shift()!;
      const wrong = this.#judge(sending, sending.answer!, lastNumber);
      if (wrong !== null) return `${wrong} (batch ${sending.content.id})`;
    }
    return null;
  }

  /** Nobody knows what the partition knows, until the next `resume`. */
  forget(): void {
    this.isKnown = false;
    this.#certain = [];
  }

  /** What was sent will not be answered. */
  abandon(): void {
    this.#queue = [];
    this.#blurredUpTo = -1;
    this.forget();
  }

  /** The state is that of a producer whose newest batch this is; null: anything may be. */
  resume(newest: Content | null): void {
    this.isKnown = newest !== null;
    if (newest === null) return;
    if (this.#certain.at(-1) !== newest) this.#certain = [newest];
    this.#epoch = newest.producerEpoch;
    this.#last = newest.lastSequence;
  }

  #judge({ content, number }: Sending, answer: Answer, lastNumber: number): string | null {
    const { producerEpoch: epoch, baseSequence } = content;
    if (answer.errorCode === ErrorCode.KAFKA_STORAGE_ERROR) this.#blurredUpTo = lastNumber;
    const isSure = this.isKnown && number > this.#blurredUpTo;
    const isDuplicate = this.#certain.includes(content) && epoch === this.#epoch;
    const isFirst = this.#epoch === -1;
    const isNext = epoch === this.#epoch ? baseSequence === this.#last + 1 : baseSequence === 0;
    switch (answer.errorCode) {
      case ErrorCode.NONE:
        if (answer.isRepeated) return null;
        return this.#accepted(content, isSure && !isFirst && !isNext);
      case ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
        if (!isSure) return null;
        if (isDuplicate) return 'a duplicate in the window was not known';
        return isFirst || (isNext && epoch >= this.#epoch) ? 'the next sequence was refused' : null;
      case ErrorCode.INVALID_PRODUCER_EPOCH:
        return isSure && epoch >= this.#epoch ? 'an epoch that is not old was refused' : null;
      default:
        return null;
    }
  }

  #accepted(content: Content, isWrong: boolean): string | null {
    const { producerEpoch: epoch, lastSequence } = content;
    if (isWrong) {
      return `sequence ${content.baseSequence} of epoch ${epoch} was taken behind ${this.#last} of ${this.#epoch}`;
    }
    if (epoch < this.#epoch || (epoch === this.#epoch && lastSequence <= this.#last)) {
      return null;
    }
    if (epoch !== this.#epoch) this.#certain = [];
    this.#epoch = epoch;
    this.#last = lastSequence;
    this.#certain.push(content);
    if (this.#certain.length > window) this.#certain.shift();
    return null;
  }
}
