import { EntryStream, type StreamEvents } from './entry-stream.js';
import type { Lookup } from './lookup.js';
import type { Point } from './positions.js';

/** On its way to us at once, about. */
const windowBytes = 2 ** 20;
/** To read on after the broker or the connection is gone. */
const comeBackTimeoutMs = 20_000;
const firstWaitMs = 20;
const maxWaitMs = 1_000;

export interface TailEvents {
  /** As `StreamEvents.entry`. */
  readonly entry: StreamEvents['entry'];
  /** It has not come back for too long. */
  failed(reason: Error): void;
}

/** Reads a topic's end for as long as its log is open, whatever becomes of connections. */
export class SharedTail {
  readonly #lookup: Lookup;
  readonly #topic: string;
  readonly #events: TailEvents;
  /** Behind the last entry that came. */
  #point: Point;
  #stream: EntryStream | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  readonly #waiting: { readonly offset: number; resolve(): void }[] = [];

  constructor(lookup: Lookup, topic: string, start: Point, events: TailEvents) {
    this.#lookup = lookup;
    this.#topic = topic;
    this.#point = start;
    this.#events = events;
  }

  /** Rejects with PulsarError, ConnectionLost. */
  async open(): Promise<void> {
    // One that ends while it is opened is not to come back by itself as well.
    const state: { isOpen: boolean; reason: Error | null } = { isOpen: false, reason: null };
    const stream = await EntryStream.open(this.#lookup, this.#topic, this.#point, windowBytes, {
      entry: (baseOffset, nextOffset, view, start, end, ledgerId, entryId) => {
        if (this.#isClosed) return;
        this.#point = { offset: nextOffset, after: { ledgerId, entryId } };
        this.#events.entry(baseOffset, nextOffset, view, start, end, ledgerId, entryId);
        if (this.#waiting.length > 0) this.#tell();
      },
      ended: (reason) => {
        state.reason = reason;
        if (!state.isOpen || this.#isClosed) return;
        void this.#comeBack(performance.now() + comeBackTimeoutMs, firstWaitMs);
      },
    });
    if (state.reason !== null) throw state.reason;
    state.isOpen = true;
    if (this.#isClosed) stream.close();
    this.#stream = stream;
  }

  /** Behind the last entry that came. */
  get nextOffset(): number {
    return this.#point.offset;
  }

  /** Resolves when everything before an offset has come; it may never. */
  reached(offset: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ offset, resolve });
      this.#tell();
    });
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stream?.close();
  }

  #tell(): void {
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      if ((this.#waiting[at] as { offset: number }).offset > this.nextOffset) continue;
      this.#waiting.splice(at, 1)[0]?.resolve();
    }
  }

  async #comeBack(giveUpMs: number, waitMs: number): Promise<void> {
    this.#stream = null;
    try {
      await this.open();
    } catch (error) {
      if (this.#isClosed) return;
      if (performance.now() >= giveUpMs) {
        this.#events.failed(error as Error);
        return;
      }
      const again = () => void this.#comeBack(giveUpMs, Math.min(maxWaitMs, 2 * waitMs));
      this.#timer = setTimeout(again, waitMs);
      this.#timer.unref();
    }
  }
}
