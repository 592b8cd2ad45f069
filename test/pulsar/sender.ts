import type { Test } from 'tap';
import { AccessMode } from '../../engine/protocol/pulsar/commands.js';
import { EntryEncoder, type EntryFormat, messagesOf } from '../../workers/format/entry-encoder.js';
import { PulsarProducer } from '../../workers/log/pulsar/producer.js';
import { codecs } from '../workers/format/read-records.js';
import { lookupOf } from './peer.js';

const maxInflatedBytes = 1 << 22;
const checksumMagic = 0x0e01;

/** A producer that sends record batches as entries; resolves when they are stored. */
export interface Sender {
  /** All batches in one entry. */
  send(format: EntryFormat, batches: readonly Uint8Array[], change?: EntryChange): Promise<void>;
}

export interface EntryChange {
  readonly keepsCompression?: boolean;
  /** What is sent in place of the entry's metadata. */
  readonly metadata?: (metadata: Buffer) => Buffer;
}

const asIs = (metadata: Buffer): Buffer => metadata;

/** Ends with the test. */
export async function openSender(t: Test, topic: string): Promise<Sender> {
  const connection = await lookupOf(t).connectionFor(topic, 'write');
  const encoder = new EntryEncoder(codecs, maxInflatedBytes);
  const out = Buffer.alloc(1 << 20);
  let wake: (error?: Error) => void = () => {};
  const producer = await PulsarProducer.open(
    connection,
    { topic, accessMode: AccessMode.shared, topicEpoch: null },
    { acknowledged: () => wake(), ended: (reason) => wake(reason) },
  );
  return {
    send(format, batches, { keepsCompression = false, metadata = asIs } = {}) {
      encoder.keepsCompression = keepsCompression;
      const end = encoder.encode(
        format,
        batches,
        0,
        batches.length,
        Date.now(),
        out,
        0,
        out.length,
      );
      const hasChecksum = out.readUInt16BE(0) === checksumMagic;
      const metadataAt = hasChecksum ? 10 : 4;
      const payloadAt = metadataAt + out.readUInt32BE(metadataAt - 4);
      const payload = Buffer.from(out.subarray(payloadAt, end));
      producer.send({
        messageCount: messagesOf(batches, 0, batches.length),
        metadata: metadata(Buffer.from(out.subarray(metadataAt, payloadAt))),
        payload: [payload],
        payloadBytes: payload.length,
        checksum: hasChecksum ? out.readUInt32BE(2) : null,
      });
      return new Promise<void>((resolve, reject) => {
        wake = (error) => (error === undefined ? resolve() : reject(error));
      });
    },
  };
}
