import { EntryStream, type StreamEvents } from './entry-stream.js';
import type { Lookup } from './lookup.js';
import type { Point } from './positions.js';

export interface EntryScan {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly from: Point;
  /** Bytes on their way, about. */
  readonly windowBytes: number;
  /** Without an entry for so long it ends. */
  readonly idleTimeoutMs: number;
}

/**
 * Reads entries one after the other, until `visit` says that one was the last. Rejects with what it throws, with
 * PulsarError, ConnectionLost.
 */
export async function scanEntries(
  { topic, lookup, from, windowBytes, idleTimeoutMs }: EntryScan,
  visit: (...entry: Parameters<StreamEvents['entry']>) => boolean,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let opening: Promise<EntryStream> | null = null;
  try {
    await new Promise<void>((resolve, reject) => {
      const late = () => reject(new Error(`${topic}: no entry came in ${idleTimeoutMs} ms`));
      timer = setTimeout(late, idleTimeoutMs);
      let isOver = false;
      opening = EntryStream.open(lookup, topic, from, windowBytes, {
        entry(...entry) {
          if (isOver) return;
          timer?.refresh();
          try {
            isOver = visit(...entry);
            if (isOver) resolve();
          } catch (error) {
            isOver = true;
            reject(error);
          }
        },
        ended: reject,
      });
      opening.catch(reject);
    });
  } finally {
    clearTimeout(timer);
    // The last entry may come before the stream is said to be open.
    (opening as Promise<EntryStream> | null)?.then(
      (stream) => stream.close(),
      () => {},
    );
  }
}
