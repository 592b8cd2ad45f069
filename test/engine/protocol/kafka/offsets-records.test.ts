import t from 'tap';
import type { GroupMetadataValue } from '../../../../engine/protocol/kafka/messages/group-metadata-value.js';
import type { OffsetCommitValue } from '../../../../engine/protocol/kafka/messages/offset-commit-value.js';
import {
  readGroupMetadataValue,
  readOffsetCommitValue,
  readOffsetsKey,
  writeGroupMetadataKey,
  writeGroupMetadataValue,
  writeOffsetCommitKey,
  writeOffsetCommitValue,
} from '../../../../engine/protocol/kafka/offsets-records.js';
import { ProtocolError } from '../../../../engine/protocol/kafka/protocol-error.js';
import type { Message } from './codecs.js';
import { readGolden } from './golden.js';
import { subsetDifference } from './sameness.js';

interface GoldenRecord {
  readonly title: string;
  readonly keyHex: string;
  readonly valueHex: string | null;
  readonly value: Message | null;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Byte fields, which Kafka's JSON has in base64. */
function withBytes(value: Message): GroupMetadataValue {
  const group = value as unknown as GroupMetadataValue;
  const bytes = (text: unknown) => Buffer.from(text as string, 'base64');
  const members = group.members.map((member) => ({
    ...member,
    subscription: bytes(member.subscription),
    assignment: bytes(member.assignment),
  }));
  return { ...group, members };
}

for (const { title, keyHex, valueHex, value } of readGolden<GoldenRecord>('offsets.jsonl')) {
  t.test(`${title}: as Kafka's coordinator writes it`, async (t) => {
    const keyBytes = Buffer.from(keyHex, 'hex');
    const key = readOffsetsKey(keyBytes, 0, keyBytes.length)!;
    if (key.type === 'offset-commit') {
      t.same(key, { type: 'offset-commit', group: 'group', topic: 'topic-a', partition: 7 });
      t.equal(hexOf(writeOffsetCommitKey('group', 'topic-a', 7)), keyHex);
    } else {
      t.same(key, { type: 'group-metadata', group: 'group' });
      t.equal(hexOf(writeGroupMetadataKey('group')), keyHex);
    }
    if (value === null || valueHex === null) return;
    const bytes = Buffer.from(valueHex, 'hex');
    if (key.type === 'offset-commit') {
      const decoded = readOffsetCommitValue(bytes, 0, bytes.length);
      t.equal(subsetDifference(value, decoded, 'value'), null);
      t.equal(hexOf(writeOffsetCommitValue(value as unknown as OffsetCommitValue)), valueHex);
    } else {
      const group = withBytes(value);
      const decoded = readGroupMetadataValue(bytes, 0, bytes.length);
      t.equal(subsetDifference(group, decoded, 'value'), null);
      t.equal(hexOf(writeGroupMetadataValue(group)), valueHex);
    }
  });
}

t.test('keys of other types are passed over, and legacy commits are commits', async (t) => {
  const key = Buffer.from(writeOffsetCommitKey('g', 't', 0));
  key.writeInt16BE(0);
  t.equal(readOffsetsKey(key, 0, key.length)?.type, 'offset-commit');
  key.writeInt16BE(3);
  t.equal(readOffsetsKey(key, 0, key.length), null);
});

t.test('values of unknown versions and cut values are refused', async (t) => {
  const value = Buffer.from(writeOffsetCommitValue({ offset: 1, metadata: 'm' }));
  for (let length = 0; length < value.length; length++) {
    t.throws(() => readOffsetCommitValue(value, 0, length), ProtocolError);
  }
  for (const version of [-1, 5]) {
    value.writeInt16BE(version);
    t.throws(() => readOffsetCommitValue(value, 0, value.length), ProtocolError);
    t.throws(() => readGroupMetadataValue(value, 0, value.length), ProtocolError);
  }
});
