/**
 * The frames of Pulsar's binary protocol and its hot commands, SEND, SEND_RECEIPT and MESSAGE, written and read in
 * ranges of memory. A frame is `u32 totalSize | u32 commandSize | command`, and with an entry behind it
 * `[u16 0x0e02 | u32 size | BrokerEntryMetadata] [u16 0x0e01 | u32 crc32c] u32 metadataSize | metadata | payload`.
 */
import { type CommandFields, type CommandName, encodeCommand } from './commands.js';
import { checksumMagic, type EntryEnvelope, readEnvelope } from './envelope.js';
import { bytesTag, FieldReader, putVarint } from './fields.js';
import { PulsarFormatError } from './format-error.js';

/** Numbers of the commands that have codecs of their own. */
export const HotCommand = { send: 6, sendReceipt: 7, message: 9 } as const;

export const lengthBytes = 4;
const maxInt32 = 2 ** 31 - 1;
/** Most bytes of a SEND frame before the metadata: lengths, the command with three long varints, the checksum. */
const maxSendHeadBytes = 4 + 4 + 2 + 2 + 3 * 11 + 2 + 4 + 4;

const fields = new FieldReader();
/** Of a message id, which stands inside of a command. */
const idFields = new FieldReader();

/** A frame of a command that carries no entry. */
export function commandFrame<N extends CommandName>(name: N, fields: CommandFields<N>): Uint8Array {
  const command = encodeCommand(name, fields);
  const frame = new Uint8Array(2 * lengthBytes + command.length);
  writeUint32(frame, 0, lengthBytes + command.length);
  writeUint32(frame, lengthBytes, command.length);
  frame.set(command, 2 * lengthBytes);
  return frame;
}

/** What goes before the metadata and the payload of an entry. */
export interface SendHead {
  readonly producerId: number;
  readonly sequenceId: number;
  /** Records in the entry: the broker's index advances by it. */
  readonly messageCount: number;
  readonly metadataBytes: number;
  readonly payloadBytes: number;
  /** Over metadata size, metadata and payload; null leaves the checksum out, as KoP's kafka format does. */
  readonly checksum: number | null;
}

/** All of a SEND frame that comes before its metadata. */
export function sendHead(head: SendHead): Uint8Array {
  const out = new Uint8Array(maxSendHeadBytes);
  let at = 2 * lengthBytes;
  out[at++] = 0x08;
  out[at++] = HotCommand.send;
  out[at++] = (HotCommand.send << 3) | 2;
  const sizeAt = at++;
  out[at++] = 0x08;
  at = putVarint(out, at, head.producerId);
  out[at++] = 0x10;
  at = putVarint(out, at, head.sequenceId);
  out[at++] = 0x18;
  at = putVarint(out, at, head.messageCount);
  // Three varints of at most ten bytes each: the size is one byte.
  out[sizeAt] = at - sizeAt - 1;
  writeUint32(out, lengthBytes, at - 2 * lengthBytes);
  if (head.checksum !== null) {
    out[at++] = checksumMagic >>> 8;
    out[at++] = checksumMagic & 0xff;
    writeUint32(out, at, head.checksum);
    at += 4;
  }
  writeUint32(out, at, head.metadataBytes);
  at += 4;
  writeUint32(out, 0, at - lengthBytes + head.metadataBytes + head.payloadBytes);
  return out.subarray(0, at);
}

/** A SEND_RECEIPT; the caller owns and reuses it. */
export interface SendReceipt {
  producerId: number;
  sequenceId: number;
  /** -1: the broker's deduplication dropped the entry, nothing was stored. */
  ledgerId: number;
  entryId: number;
}

/** Reads the command `view[start, end)`. Throws PulsarFormatError. */
export function readSendReceipt(
  view: Uint8Array,
  start: number,
  end: number,
  out: SendReceipt,
): void {
  out.producerId = -1;
  out.sequenceId = -1;
  out.ledgerId = -1;
  out.entryId = -1;
  enterCommand(view, start, end, HotCommand.sendReceipt);
  while (fields.next()) {
    if (fields.tag === 0x08) out.producerId = fields.id;
    else if (fields.tag === 0x10) out.sequenceId = fields.id;
    else if (fields.tag === 0x1a) readMessageId(view, fields.start, fields.stop, out);
  }
}

/** An entry that a MESSAGE carries; the caller owns and reuses it. */
export interface ReceivedEntry extends EntryEnvelope {
  consumerId: number;
  ledgerId: number;
  entryId: number;
  /** Messages in it, as its metadata says: what a reader's permits count. */
  messageCount: number;
}

/** Reads a MESSAGE whose command is `view[start, commandEnd)` and whose frame ends at `end`. Throws PulsarFormatError. */
export function readMessage(
  view: Uint8Array,
  start: number,
  commandEnd: number,
  end: number,
  out: ReceivedEntry,
): void {
  out.consumerId = -1;
  out.ledgerId = -1;
  out.entryId = -1;
  enterCommand(view, start, commandEnd, HotCommand.message);
  while (fields.next()) {
    if (fields.tag === 0x08) out.consumerId = fields.id;
    else if (fields.tag === 0x12) readMessageId(view, fields.start, fields.stop, out);
  }
  readEnvelope(view, commandEnd, end, out);
  out.messageCount = messagesIn(view, out.metadataStart, out.payloadStart);
}

/** `num_messages_in_batch`; 1 where it is absent, and for metadata that cannot be read, as the broker has it. */
function messagesIn(view: Uint8Array, start: number, end: number): number {
  fields.open(view, start, end);
  try {
    while (fields.next()) {
      if (fields.tag !== 0x58) continue;
      // A negative one is beyond 2^53.
      return fields.value <= maxInt32 ? Math.max(1, fields.value) : 1;
    }
  } catch (error) {
    if (!(error instanceof PulsarFormatError)) throw error;
  }
  return 1;
}

/** Finds the fields of a hot command in its `BaseCommand`; the reader is before the first of them. */
function enterCommand(view: Uint8Array, start: number, end: number, number: number): void {
  const tag = bytesTag(number);
  fields.open(view, start, end);
  while (fields.next()) {
    if (fields.tag !== tag) continue;
    fields.open(view, fields.start, fields.stop);
    return;
  }
  throw new PulsarFormatError(`a command ${number} without its fields`);
}

/** A `MessageIdData`. */
function readMessageId(
  view: Uint8Array,
  start: number,
  end: number,
  out: { ledgerId: number; entryId: number },
): void {
  idFields.open(view, start, end);
  while (idFields.next()) {
    if (idFields.tag === 0x08) out.ledgerId = idFields.id;
    else if (idFields.tag === 0x10) out.entryId = idFields.id;
  }
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
