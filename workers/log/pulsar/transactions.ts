import type { AbortedTransaction } from '../log.js';

/** Transactions that are remembered of a partition; one with more is not opened. */
export const maxTransactions = 1_000_000;

/** The end of a transaction: a marker, at an offset of its own. */
export interface EndMarker {
  readonly offset: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly isCommit: boolean;
}

interface Aborted extends AbortedTransaction {
  /** Of its marker. */
  readonly lastOffset: number;
}

/** What is stored of them: what a later opening need not look for again. */
interface StoredTransactions {
  readonly endOffset: number;
  readonly open: readonly (readonly [producerId: number, firstOffset: number])[];
  readonly aborted: readonly (readonly [id: number, epoch: number, first: number, last: number])[];
}

/** The transactions of Kafka's that KoP wrote into a partition: which are open, which were aborted, where each ended. */
export class Transactions {
  /** First offset of each open transaction, by its producer. */
  readonly #open = new Map<number, number>();
  readonly #aborted: Aborted[] = [];
  readonly #markers: EndMarker[] = [];

  /** Records of a transaction; in the order of offsets with the ends. */
  wrote(producerId: number, offset: number): void {
    if (!this.#open.has(producerId)) this.#open.set(producerId, offset);
  }

  ended(marker: EndMarker): void {
    if (this.#markers.length === maxTransactions) {
      throw new Error(`more than ${maxTransactions} transactions`);
    }
    const { producerId, offset: lastOffset, isCommit } = marker;
    this.#markers.push(marker);
    const firstOffset = this.#open.get(producerId);
    this.#open.delete(producerId);
    // Without records nothing has to be hidden.
    if (!isCommit && firstOffset !== undefined) {
      this.#aborted.push({ producerId, firstOffset, lastOffset });
    }
  }

  /** Infinity where none is open. */
  get firstOpenOffset(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const offset of this.#open.values()) first = Math.min(first, offset);
    return first;
  }

  /** Those that a reader of [startOffset, endOffset) has to know of. */
  abortedIn(startOffset: number, endOffset: number): AbortedTransaction[] {
    return this.#aborted
      .filter((one) => one.lastOffset >= startOffset && one.firstOffset < endOffset)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
  }

  /** The first marker in [startOffset, endOffset). */
  markerIn(startOffset: number, endOffset: number): EndMarker | undefined {
    const markers = this.#markers;
    let low = 0;
    let high = markers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((markers[middle] as EndMarker).offset < startOffset) low = middle + 1;
      else high = middle;
    }
    const found = markers[low];
    return found !== undefined && found.offset < endOffset ? found : undefined;
  }

  /** As text, without the markers of those that were committed: readers need none of them. */
  toText(endOffset: number): string {
    const epochs = new Map(this.#markers.map((marker) => [marker.offset, marker.producerEpoch]));
    const aborted = this.#aborted.map(
      ({ producerId, firstOffset, lastOffset }) =>
        [producerId, epochs.get(lastOffset) ?? 0, firstOffset, lastOffset] as const,
    );
    const stored: StoredTransactions = { endOffset, open: [...this.#open], aborted };
    return JSON.stringify(stored);
  }

  /** Throws SyntaxError for what `toText` did not make. */
  static fromText(text: string): { transactions: Transactions; endOffset: number } {
    const { endOffset, open, aborted } = JSON.parse(text) as StoredTransactions;
    const transactions = new Transactions();
    for (const [producerId, producerEpoch, firstOffset, lastOffset] of aborted) {
      transactions.wrote(producerId, firstOffset);
      transactions.ended({ offset: lastOffset, producerId, producerEpoch, isCommit: false });
    }
    for (const [producerId, firstOffset] of open) transactions.wrote(producerId, firstOffset);
    return { transactions, endOffset };
  }
}
