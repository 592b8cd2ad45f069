/**
 * Keys and values of the records in `__consumer_offsets`, as Kafka's group coordinator stores them:
 * an int16 in front of each, in keys the record type, in values the version of the message.
 */
import type { Encodable } from './encodable.js';
import {
  decodeGroupMetadataKey,
  encodeGroupMetadataKey,
  groupMetadataKeyVersions,
} from './messages/group-metadata-key.js';
import {
  decodeGroupMetadataValue,
  encodeGroupMetadataValue,
  type GroupMetadataValue,
  groupMetadataValueVersions,
} from './messages/group-metadata-value.js';
import {
  decodeOffsetCommitKey,
  encodeOffsetCommitKey,
  offsetCommitKeyVersions,
} from './messages/offset-commit-key.js';
import {
  decodeOffsetCommitValue,
  encodeOffsetCommitValue,
  type OffsetCommitValue,
  offsetCommitValueVersions,
} from './messages/offset-commit-value.js';
import { ProtocolError } from './protocol-error.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

/** Record type of commits written before Kafka 0.11, with keys and values of the same shape. */
const LEGACY_OFFSET_COMMIT = 0;
/** The only version that keys have. */
const KEY_VERSION = 0;
/** What Kafka 4.4 writes. Version 1 is the only one that carries an expire timestamp. */
const OFFSET_COMMIT_VALUE_VERSION = 4;
const EXPIRING_OFFSET_COMMIT_VALUE_VERSION = 1;
const GROUP_METADATA_VALUE_VERSION = 3;

/** What a key of `__consumer_offsets` names. */
export type OffsetsKey =
  | {
      readonly type: 'offset-commit';
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
    }
  | { readonly type: 'group-metadata'; readonly group: string };

/** Bytes of the key of a committed offset. */
export function writeOffsetCommitKey(group: string, topic: string, partition: number): Uint8Array {
  const writer = new Writer();
  writer.int16(offsetCommitKeyVersions.apiKey);
  encodeOffsetCommitKey(writer, { group, topic, partition }, KEY_VERSION);
  return writer.finishWhole();
}

/** Bytes of the value of a committed offset; what the version has no field for is left out. */
export function writeOffsetCommitValue(
  value: Encodable<OffsetCommitValue>,
  version = (value.expireTimestamp ?? -1) >= 0
    ? EXPIRING_OFFSET_COMMIT_VALUE_VERSION
    : OFFSET_COMMIT_VALUE_VERSION,
): Uint8Array {
  const writer = new Writer();
  writer.int16(version);
  encodeOffsetCommitValue(writer, value, version);
  return writer.finishWhole();
}

/** Bytes of the key of a group's state. */
export function writeGroupMetadataKey(group: string): Uint8Array {
  const writer = new Writer();
  writer.int16(groupMetadataKeyVersions.apiKey);
  encodeGroupMetadataKey(writer, { group }, KEY_VERSION);
  return writer.finishWhole();
}

/** Bytes of the value of a group's state; what the version has no field for is left out. */
export function writeGroupMetadataValue(
  value: Encodable<GroupMetadataValue>,
  version = GROUP_METADATA_VALUE_VERSION,
): Uint8Array {
  const writer = new Writer();
  writer.int16(version);
  encodeGroupMetadataValue(writer, value, version);
  return writer.finishWhole();
}

/**
 * Reads the key in `view[start, end)`; null for the types that other protocols than the classic one
 * brought (KIP-848, share groups, streams). Throws ProtocolError.
 */
export function readOffsetsKey(view: Uint8Array, start: number, end: number): OffsetsKey | null {
  const reader = new Reader(view, start, end);
  const type = reader.int16();
  if (type === offsetCommitKeyVersions.apiKey || type === LEGACY_OFFSET_COMMIT) {
    const { group, topic, partition } = decodeOffsetCommitKey(reader, KEY_VERSION);
    return { type: 'offset-commit', group, topic, partition };
  }
  if (type === groupMetadataKeyVersions.apiKey) {
    return { type: 'group-metadata', group: decodeGroupMetadataKey(reader, KEY_VERSION).group };
  }
  return null;
}

/** Reads the value of a committed offset in `view[start, end)`. Throws ProtocolError. */
export function readOffsetCommitValue(
  view: Uint8Array,
  start: number,
  end: number,
): OffsetCommitValue {
  const reader = new Reader(view, start, end);
  return decodeOffsetCommitValue(reader, valueVersion(reader, offsetCommitValueVersions));
}

/** Reads the value of a group's state in `view[start, end)`. Throws ProtocolError. */
export function readGroupMetadataValue(
  view: Uint8Array,
  start: number,
  end: number,
): GroupMetadataValue {
  const reader = new Reader(view, start, end);
  return decodeGroupMetadataValue(reader, valueVersion(reader, groupMetadataValueVersions));
}

function valueVersion(
  reader: Reader,
  known: { readonly min: number; readonly max: number },
): number {
  const version = reader.int16();
  if (version < known.min || version > known.max) {
    throw new ProtocolError(`record value of version ${version}`);
  }
  return version;
}
