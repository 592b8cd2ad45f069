import t from 'tap';
import { uint32At } from '../../../../engine/protocol/pulsar/envelope.js';
import { PulsarFormatError } from '../../../../engine/protocol/pulsar/format-error.js';
import {
  type ReceivedEntry,
  readMessage,
  readSendReceipt,
  sendHead,
} from '../../../../engine/protocol/pulsar/frames.js';
import fc from '../../../fast-check.js';
import {
  bytesOf,
  frameOf,
  messageFrame,
  receiptCommand,
  sendCommand,
  uint32,
} from './hot-messages.js';

const id = fc.maxSafeNat();

function emptyEntry(): ReceivedEntry {
  return {
    consumerId: 0,
    ledgerId: 0,
    entryId: 0,
    index: 0,
    brokerTimestamp: 0,
    checksum: 0,
    metadataSizeAt: 0,
    metadataStart: 0,
    payloadStart: 0,
    end: 0,
    messageCount: 0,
  };
}

function read(frame: Uint8Array): ReceivedEntry {
  const entry = emptyEntry();
  readMessage(frame, 8, 8 + uint32At(frame, 4), frame.length, entry);
  return entry;
}

t.test('the head of a SEND is what the library writes', async (t) => {
  fc.assert(
    fc.property(id, id, fc.nat(), fc.boolean(), (producerId, sequenceId, numMessages, checked) => {
      const metadata = Buffer.from('metadata');
      const payload = Buffer.from('payload');
      const command = bytesOf(sendCommand, {
        type: 6,
        send: { producerId, sequenceId, numMessages },
      });
      const checksum = checked ? [Buffer.from([0x0e, 0x01]), uint32(0xdeadbeef)] : [];
      const size = uint32(metadata.length);
      const whole = frameOf(command, ...checksum, size, metadata, payload);
      const head = sendHead({
        producerId,
        sequenceId,
        messageCount: numMessages,
        metadataBytes: metadata.length,
        payloadBytes: payload.length,
        checksum: checked ? 0xdeadbeef : null,
      });
      return Buffer.concat([head, metadata, payload]).equals(whole);
    }),
  );
  t.pass('100 heads');
});

t.test('receipts', async (t) => {
  const out = { producerId: 0, sequenceId: 0, ledgerId: 0, entryId: 0 };
  fc.assert(
    fc.property(id, id, fc.oneof(id, fc.constant(-1)), (producerId, sequenceId, ledgerId) => {
      const messageId = { ledgerId, entryId: 3, partition: -1 };
      // Brokers send noise in highest_sequence_id.
      const receipt = { producerId, sequenceId, messageId, highestSequenceId: -1 };
      const command = bytesOf(receiptCommand, { type: 7, sendReceipt: receipt });
      readSendReceipt(command, 0, command.length, out);
      t.strictSame(out, { producerId, sequenceId, ledgerId, entryId: 3 });
    }),
  );
  const bare = bytesOf(receiptCommand, { type: 7, sendReceipt: { producerId: 1, sequenceId: 2 } });
  readSendReceipt(bare, 0, bare.length, out);
  t.strictSame(out, { producerId: 1, sequenceId: 2, ledgerId: -1, entryId: -1 });
});

t.test('entries with and without what may come before their metadata', async (t) => {
  const fields = { consumerId: 7, messageId: { ledgerId: 3, entryId: 11 } };
  const metadata = Buffer.from('mm');
  const payload = Buffer.from('payload');
  for (const index of [-1, 41]) {
    for (const checksum of [undefined, 0xc2c37f00]) {
      const frame = messageFrame(fields, {
        index,
        metadata,
        payload,
        ...(checksum !== undefined && { checksum }),
      });
      const entry = read(frame);
      t.match(entry, { consumerId: 7, ledgerId: 3, entryId: 11, index, brokerTimestamp: -1 });
      t.equal(entry.checksum, checksum ?? -1);
      t.equal(entry.messageCount, 1, 'metadata that cannot be read counts as one message');
      t.equal(entry.metadataStart, entry.metadataSizeAt + 4);
      t.ok(frame.subarray(entry.metadataStart, entry.payloadStart).equals(metadata));
      t.ok(frame.subarray(entry.payloadStart, entry.end).equals(payload));
    }
  }
});

t.test('the messages of an entry are counted', async (t) => {
  const fields = { consumerId: 7, messageId: { ledgerId: 3, entryId: 11 } };
  const payload = Buffer.alloc(0);
  for (const [hex, count] of [
    ['0a00100018015803', 3],
    ['0a0010001801', 1],
    ['0a001000180158ac02', 300],
  ] as const) {
    const metadata = Buffer.from(hex, 'hex');
    t.equal(read(messageFrame(fields, { index: 1, metadata, payload })).messageCount, count);
  }
});

t.test('any bytes are read within their frame or refused', async (t) => {
  const sample = messageFrame(
    { consumerId: 7, messageId: { ledgerId: 3, entryId: 11 } },
    { index: 300, checksum: 1, metadata: Buffer.alloc(9), payload: Buffer.alloc(20) },
  );
  let refused = 0;
  const edits = fc.array(fc.tuple(fc.integer({ min: 8, max: 50 }), fc.nat(255)), { maxLength: 3 });
  fc.assert(
    fc.property(edits, fc.integer({ min: 0, max: sample.length - 8 }), (changes, cut) => {
      const frame = Buffer.from(sample.subarray(0, sample.length - cut));
      for (const [at, byte] of changes) if (at < frame.length) frame[at] = byte;
      const commandEnd = Math.min(frame.length, 8 + uint32At(sample, 4));
      const entry = emptyEntry();
      try {
        readMessage(frame, 8, commandEnd, frame.length, entry);
      } catch (error) {
        refused++;
        return error instanceof PulsarFormatError;
      }
      return entry.payloadStart <= frame.length && entry.metadataStart <= entry.payloadStart;
    }),
    { numRuns: 3000 },
  );
  t.ok(refused > 100, `${refused} of 3000 refused`);
});
