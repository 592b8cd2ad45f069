/** Compressed blocks with any damage: each decoder keeps within its bound, throws nothing else, and both agree. */

import { FallbackCodecs } from '../../native/fallback/fallback-codecs.js';
import {
  CodecError,
  type Codecs,
  Compression,
  codecsNotice,
  loadCodecs,
} from '../../native/index.js';
import fc from '../fast-check.js';
import { golden, goldenPayload } from '../native/samples.js';
import { pureFuzzer } from './fuzzer.js';
import { type Mutations, mutated, mutations } from './mutations.js';

const limitBytes = 2 ** 16;
const fallback = new FallbackCodecs();
const addon = codecsNotice() === null ? loadCodecs('addon') : fallback;

/** Streams of each codec: of real clients, and short ones in which any change hits something that counts. */
const streams = new Map<number, readonly Uint8Array[]>(
  Object.entries(Compression)
    .filter(([, compression]) => compression !== Compression.none)
    .map(([name, compression]) => {
      const short = goldenPayload.subarray(0, 300);
      const packed = fallback.compress(compression, short, 0, short.length);
      const nothing = fallback.compress(compression, short, 0, 0);
      return [compression, [packed, packed, nothing, golden(`java-${name}.bin`)]];
    }),
);

interface Case {
  readonly compression: number;
  readonly stream: number;
  readonly damage: Mutations;
}

const cases: fc.Arbitrary<Case> = fc.record({
  compression: fc.constantFrom(...streams.keys()),
  stream: fc.nat(3),
  damage: mutations(4),
});

function outcome(codecs: Codecs, compression: number, input: Uint8Array): Uint8Array | null {
  try {
    const bytes = codecs.inflate(compression, input, 0, input.length, limitBytes);
    if (bytes.length > limitBytes) throw new Error(`${codecs.name}: ${bytes.length} bytes`);
    return bytes;
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

export const compressedFuzzer = pureFuzzer(
  'compressed',
  6_000,
  cases,
  ({ compression, stream, damage }) => {
    const input = mutated(streams.get(compression)?.[stream] ?? new Uint8Array(), damage);
    const first = outcome(addon, compression, input);
    const second = outcome(fallback, compression, input);
    // Of a damaged Huffman stream without a checksum, versions of libzstd make different things.
    if (compression === Compression.zstd) return;
    if (first === null && second === null) return;
    if (first === null || second === null || Buffer.compare(first, second) !== 0) {
      const said = (bytes: Uint8Array | null) => (bytes === null ? 'refuses it' : 'takes it');
      throw new Error(`the addon ${said(first)}, the fallback ${said(second)}`);
    }
  },
);
