/** A topic's entries as Pulsar sends them, decoded. */
import type { Test } from 'tap';
import { Entry, type EntryKind } from '../../workers/format/entry.js';
import { earliest, PulsarReader } from '../../workers/log/pulsar/reader.js';
import { codecs, type ReadRecord, readBatches } from '../workers/format/read-records.js';
import { lookupOf } from './peer.js';

const maxInflatedBytes = 1 << 22;

/** Offsets that have no record. */
export interface Hole {
  readonly offset: number;
  /** Why the entry there has none; `not delivered` where Pulsar sent no entry. */
  readonly reason: string;
}

export interface Found {
  readonly records: ReadRecord[];
  readonly holes: Hole[];
  /** Of each entry. */
  readonly kinds: EntryKind[];
  endOffset: number;
}

/** Reads a topic until `isWhole`. */
export async function readTopic(
  t: Test,
  topic: string,
  isWhole: (found: Found) => boolean,
): Promise<Found> {
  const connection = await lookupOf(t).connectionFor(topic, 'read');
  const found: Found = { records: [], holes: [], kinds: [], endOffset: 0 };
  const entry = new Entry(codecs, maxInflatedBytes);
  await new Promise<void>((resolve, reject) => {
    PulsarReader.open(connection, topic, earliest, 2 ** 20, {
      entry(view, { index, checksum, metadataSizeAt, end }) {
        entry.open(view, checksum === -1 ? metadataSizeAt : metadataSizeAt - 6, end);
        const baseOffset = index - entry.offsets + 1;
        addHoles(found, baseOffset, 'not delivered');
        const out = new Uint8Array(entry.boundBytes);
        const batches = readBatches(out, 0, entry.write(out, 0, baseOffset, 0));
        found.records.push(...batches.flatMap(({ records }) => records));
        if (entry.holeReason !== null) addHoles(found, index + 1, entry.holeReason);
        found.kinds.push(entry.kind);
        found.endOffset = index + 1;
        if (isWhole(found)) resolve();
        return entry.offsets;
      },
      ended: reject,
    }).catch(reject);
  });
  return found;
}

/** The holes of a topic whose end is known. */
export function holesUpTo({ holes, endOffset: from }: Found, endOffset: number): Hole[] {
  const rest = { holes: [...holes], endOffset: from };
  addHoles(rest, endOffset, 'not delivered');
  return rest.holes;
}

/** All from the end so far to `endOffset` are holes. */
function addHoles(
  found: Pick<Found, 'holes' | 'endOffset'>,
  endOffset: number,
  reason: string,
): void {
  for (let offset = found.endOffset; offset < endOffset; offset++) {
    found.holes.push({ offset, reason });
  }
}
