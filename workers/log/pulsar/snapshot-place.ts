/** Where the producer snapshot of a partition is: a property of its topic, so that a topic that is made anew has none. */
import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';

/**
 * Each owner has a property of its own, so that one that is fenced and does not know it cannot hide what a later
 * one wrote.
 */
const placePrefix = 'kopjeProducers.';

/** What a property says. */
export interface SnapshotPlace {
  /** The leader epoch of the owner that wrote it. */
  readonly leaderEpoch: number;
  /** Every batch below it counts. */
  readonly offset: number;
  /** The last entry below the offset, if that is known. */
  readonly after: MessageId | null;
  /** The parts of the snapshot, in the topic for them. */
  readonly parts: readonly MessageId[];
}

export function placeProperty(leaderEpoch: number): string {
  return `${placePrefix}${leaderEpoch}`;
}

export function placeText(topicId: string, { offset, after, parts }: SnapshotPlace): string {
  const told = { topicId, offset, after: after && idText(after), parts: parts.map(idText) };
  return JSON.stringify(told);
}

/** The places that a topic's properties tell, newest first: by epoch, then by offset. */
export function placesIn(
  properties: Readonly<Record<string, string>>,
  topicId: string,
): SnapshotPlace[] {
  const places: SnapshotPlace[] = [];
  for (const [name, value] of Object.entries(properties)) {
    if (!name.startsWith(placePrefix)) continue;
    const place = placeOf(Number(name.slice(placePrefix.length)), value, topicId);
    if (place !== null) places.push(place);
  }
  return places.sort((a, b) => b.leaderEpoch - a.leaderEpoch || b.offset - a.offset);
}

/** The properties of owners before one, which a snapshot of its own makes needless. */
export function placesBefore(
  properties: Readonly<Record<string, string>>,
  leaderEpoch: number,
): string[] {
  return Object.keys(properties).filter(
    (name) => name.startsWith(placePrefix) && Number(name.slice(placePrefix.length)) < leaderEpoch,
  );
}

/** Null for what is not ours to believe. */
function placeOf(leaderEpoch: number, value: string, topicId: string): SnapshotPlace | null {
  try {
    const told = JSON.parse(value) as {
      topicId: string;
      offset: number;
      after: string | null;
      parts: string[];
    };
    if (told.topicId !== topicId || !Number.isSafeInteger(told.offset)) return null;
    const after = told.after === null ? null : idIn(told.after);
    return { leaderEpoch, offset: told.offset, after, parts: told.parts.map(idIn) };
  } catch {
    return null;
  }
}

function idText({ ledgerId, entryId }: MessageId): string {
  return `${ledgerId}:${entryId}`;
}

/** Throws for what is no place. */
function idIn(text: string): MessageId {
  const [, ledgerId, entryId] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (ledgerId === undefined) throw new Error(`${text} is no place`);
  return { ledgerId: Number(ledgerId), entryId: Number(entryId) };
}
