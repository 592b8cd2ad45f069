import t from 'tap';
import { ProtocolError } from '../../../../engine/protocol/kafka/protocol-error.js';
import { Reader } from '../../../../engine/protocol/kafka/reader.js';
import fc from '../../../fast-check.js';
import { SCHEMAS } from '../../../golden/codec/message-schemas.js';
import { messageArbitrary } from './arbitraries.js';
import { type Codec, encodeWhole, loadCodec } from './codecs.js';
import { everyVersion } from './message-schema.js';
import { sharedCopy, subsetDifference } from './sameness.js';

const SEED = 4;

for (const schema of SCHEMAS) {
  t.test(schema.name, async (t) => {
    const codec = await loadCodec(schema);
    for (const [, version] of everyVersion([schema])) {
      const messages = messageArbitrary(schema, version);
      fc.assert(
        fc.property(messages, (message) => {
          const bytes = encodeWhole(codec, message, version);
          const reader = new Reader(sharedCopy(bytes));
          const decoded = codec.decode(reader, version);
          const difference = subsetDifference(message, decoded, schema.name);
          if (difference !== null) throw new Error(difference);
          if (reader.remaining !== 0) throw new Error(`${reader.remaining} bytes are left over`);
          return Buffer.from(encodeWhole(codec, decoded, version)).equals(bytes);
        }),
        { numRuns: 15, seed: SEED },
      );
      const [sample] = fc.sample(messages, { numRuns: 1, seed: SEED + version });
      const bytes = encodeWhole(codec, sample!, version);
      refusesEveryPrefix(codec, bytes, version);
      survivesDamage(codec, bytes, version);
    }
    t.pass(`versions ${schema.versions.join(' to ')}`);
  });
}

function refusesEveryPrefix(codec: Codec, bytes: Uint8Array, version: number): void {
  for (let length = 0; length < bytes.length; length++) {
    const outcome = decodeOutcome(codec, new Reader(bytes, 0, length), version);
    if (outcome !== 'refused') throw new Error(`v${version}: ${length} bytes are ${outcome}`);
  }
}

/** Every byte in turn becomes 0xff, then 0x7f: lengths and counts that lie. */
function survivesDamage(codec: Codec, bytes: Uint8Array, version: number): void {
  const damaged = Uint8Array.from(bytes);
  for (let at = 0; at < bytes.length; at++) {
    for (const lie of [0xff, 0x7f]) {
      damaged[at] = lie;
      decodeOutcome(codec, new Reader(damaged), version);
    }
    damaged[at] = bytes[at]!;
  }
}

/** Whether the bytes decode or are refused; any exception but ProtocolError passes through. */
function decodeOutcome(codec: Codec, reader: Reader, version: number): 'decoded' | 'refused' {
  try {
    codec.decode(reader, version);
    return 'decoded';
  } catch (error) {
    if (error instanceof ProtocolError) return 'refused';
    throw error;
  }
}
