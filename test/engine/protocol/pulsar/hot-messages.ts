/** The hot commands as the Protocol Buffers library sees them, to hold our own codecs against. */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type FieldsOf,
  int32,
  type MessageType,
  message,
  nested,
  optional,
  uint64,
} from '../../../../engine/protocol/pulsar/message-type.js';

const messageId = message({
  ledgerId: uint64(1),
  entryId: uint64(2),
  partition: optional(int32(3)),
});

const send = message({
  producerId: uint64(1),
  sequenceId: uint64(2),
  numMessages: optional(int32(3)),
});
const sendReceipt = message({
  producerId: uint64(1),
  sequenceId: uint64(2),
  messageId: optional(nested(3, messageId)),
  highestSequenceId: optional(uint64(4)),
});
const received = message({
  consumerId: uint64(1),
  messageId: nested(2, messageId),
  redeliveryCount: optional(int32(3)),
});
export const brokerEntryMetadata = message({
  brokerTimestamp: optional(uint64(1)),
  index: optional(uint64(2)),
});

export const sendCommand = message({ type: int32(1), send: nested(6, send) });
export const receiptCommand = message({ type: int32(1), sendReceipt: nested(7, sendReceipt) });
export const messageCommand = message({ type: int32(1), message: nested(9, received) });

/** A message from its first byte. */
export function bytesOf<T>(type: MessageType<T>, value: T): Buffer {
  return Buffer.from(type.encode(value, new BinaryWriter()).finish());
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A frame of a command, with what follows it. */
export function frameOf(command: Uint8Array, ...rest: Uint8Array[]): Buffer {
  const body = Buffer.concat([uint32(command.length), command, ...rest]);
  return Buffer.concat([uint32(body.length), body]);
}

/** A MESSAGE frame; `index` -1: without broker entry metadata. */
export function messageFrame(
  fields: FieldsOf<typeof received>,
  entry: { index: number; checksum?: number; metadata: Uint8Array; payload: Uint8Array },
): Buffer {
  const parts: Uint8Array[] = [];
  if (entry.index >= 0) {
    const broker = bytesOf(brokerEntryMetadata, { index: entry.index });
    parts.push(Buffer.from([0x0e, 0x02]), uint32(broker.length), broker);
  }
  if (entry.checksum !== undefined) parts.push(Buffer.from([0x0e, 0x01]), uint32(entry.checksum));
  parts.push(uint32(entry.metadata.length), entry.metadata, entry.payload);
  return frameOf(bytesOf(messageCommand, { type: 9, message: fields }), ...parts);
}
