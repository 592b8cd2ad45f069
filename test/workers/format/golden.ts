/** What the real KoP 3.1.1.1 stored and served; see `test/golden/kop/README.md`. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

export interface GoldenEntry {
  /** Of the last message. */
  readonly index: number;
  /** Messages in the batch, null for a single one. */
  readonly n: number | null;
  readonly marker: number | null;
  /** Base64, as is `data`. */
  readonly broker: string;
  readonly data: string;
}

export interface GoldenPartition {
  readonly partition: string;
  readonly expected: {
    readonly logStartOffset?: number;
    readonly highWatermark?: number;
    readonly records?: readonly {
      readonly offset: number;
      readonly key: string | null;
      readonly value: string | null;
      readonly headers: readonly (readonly [string, string | null])[];
      readonly timestamp: number;
      readonly timestampType: string;
    }[];
    /** Offsets that a read_committed consumer gets. */
    readonly readCommittedOffsets?: 'all' | readonly number[];
    readonly fetchReadCommitted?: {
      readonly lastStableOffset: number;
      readonly abortedTransactions: readonly {
        readonly producerId: number;
        readonly firstOffset: number;
      }[];
    };
    readonly batches?: readonly { readonly magic: number; readonly [field: string]: unknown }[];
  };
  readonly entries: readonly GoldenEntry[];
}

/** Compiled tests run from another folder than the bytes lie in. */
const file = new URL('../../../../test/golden/kop/partitions.json.br', import.meta.url);

export function goldenPartitions(): GoldenPartition[] {
  return JSON.parse(brotliDecompressSync(readFileSync(file)).toString()) as GoldenPartition[];
}

/** The entry as a reader gets it, the broker's metadata in front. */
export function bytesOf({ broker, data }: GoldenEntry): Buffer {
  const metadata = Buffer.from(broker, 'base64');
  const head = Buffer.alloc(6);
  head.writeUInt16BE(0x0e02);
  head.writeUInt32BE(metadata.length, 2);
  return Buffer.concat([head, metadata, Buffer.from(data, 'base64')]);
}
