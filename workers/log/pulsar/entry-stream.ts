import { IndexMissing } from './admin.js';
import { maxWithoutIndex } from './indexed-entry.js';
import type { Lookup } from './lookup.js';
import type { Point } from './positions.js';
import { earliest, PulsarReader } from './reader.js';

/** Bytes of a checksum's magic and the checksum, before the size of the metadata. */
const checksumBytes = 6;

/** Who gets a topic's entries, in their order. */
export interface StreamEvents {
  /**
   * An entry of the offsets from `baseOffset` to before `nextOffset`, `view[start, end)` as it is stored, borrowed for
   * the length of the call. Offsets between two entries belong to none.
   */
  entry(
    baseOffset: number,
    nextOffset: number,
    view: Uint8Array,
    start: number,
    end: number,
    ledgerId: number,
    entryId: number,
  ): void;
  ended(reason: Error): void;
}

/** A reader that tells offsets. */
export class EntryStream {
  /** Behind the last entry that came. */
  nextOffset: number;
  #reader: PulsarReader | null = null;

  private constructor(nextOffset: number) {
    this.nextOffset = nextOffset;
  }

  /** Begins at a point. Rejects with PulsarError, ConnectionLost. */
  static async open(
    lookup: Lookup,
    topic: string,
    { offset, after }: Point,
    windowBytes: number,
    events: StreamEvents,
  ): Promise<EntryStream> {
    const stream = new EntryStream(offset);
    let withoutIndex = 0;
    const connection = await lookup.connectionFor(topic, 'read');
    const { ledgerId, entryId } = after;
    // Behind the last entry of a ledger is the first one of the next, or what is written next.
    const start = ledgerId < 0 ? earliest : { ledgerId, entryId: entryId + 1 };
    stream.#reader = await PulsarReader.open(connection, topic, start, windowBytes, {
      entry(view, entry) {
        const { index, messageCount, checksum, metadataSizeAt } = entry;
        if (index < 0) {
          // Its producer said that it has no messages: it takes no offset.
          if (++withoutIndex < maxWithoutIndex) return;
          stream.close();
          events.ended(new IndexMissing(topic));
          return;
        }
        withoutIndex = 0;
        const nextOffset = index + 1;
        if (nextOffset <= stream.nextOffset) return;
        // A batch of a transaction of Pulsar's own takes one index, whatever is in it.
        const baseOffset = Math.max(stream.nextOffset, nextOffset - messageCount);
        const at = checksum === -1 ? metadataSizeAt : metadataSizeAt - checksumBytes;
        stream.nextOffset = nextOffset;
        events.entry(baseOffset, nextOffset, view, at, entry.end, entry.ledgerId, entry.entryId);
      },
      ended: (reason) => events.ended(reason),
    });
    return stream;
  }

  /** What is on its way still comes. */
  pause(): void {
    this.#reader?.pause();
  }

  resume(): void {
    this.#reader?.resume();
  }

  close(): void {
    this.#reader?.close();
  }
}
