/** What the kernel's FUSE protocol (version 7.31, linux/fuse.h) wants to hear, in little-endian bytes. */
import type { VolatileNode } from './volatile-directory.js';
import { VolatileDirectory } from './volatile-directory.js';

const fileType = { directory: 0o040000, mask: 0o170000 } as const;
const blockBytes = 4096;
const statBlockBytes = 512;
/** Only the kernel changes anything here, so it may keep what it knows. */
const validSeconds = 3_600;
const attributesBytes = 88;

/** Writes numbers one behind the other. */
export class ReplyWriter {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(sizeBytes: number) {
    this.#bytes = Buffer.alloc(sizeBytes);
  }

  uint16(...values: readonly number[]): this {
    for (const value of values) this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }

  uint32(...values: readonly number[]): this {
    for (const value of values) this.#at = this.#bytes.writeUInt32LE(value, this.#at);
    return this;
  }

  uint64(...values: readonly number[]): this {
    for (const value of values) this.#at = this.#bytes.writeBigUInt64LE(BigInt(value), this.#at);
    return this;
  }

  /** All of it; what was not written is zero. */
  finish(): Buffer {
    return this.#bytes;
  }

  attributes(id: number, node: VolatileNode): this {
    const isDirectory = node instanceof VolatileDirectory;
    const sizeBytes = isDirectory ? blockBytes : node.sizeBytes;
    const seconds = Math.floor(node.mtimeMs / 1_000);
    const nanoseconds = Math.floor((node.mtimeMs % 1_000) * 1_000_000);
    return this.uint64(id, sizeBytes, Math.ceil(sizeBytes / statBlockBytes))
      .uint64(seconds, seconds, seconds)
      .uint32(nanoseconds, nanoseconds, nanoseconds)
      .uint32(isDirectory ? fileType.directory | node.mode : node.mode)
      .uint32(isDirectory ? 2 : 1, 0, 0, 0, blockBytes, 0);
  }
}

export function entryReply(id: number, node: VolatileNode): Buffer {
  return new ReplyWriter(40 + attributesBytes)
    .uint64(id, 0, validSeconds, validSeconds)
    .uint32(0, 0)
    .attributes(id, node)
    .finish();
}

export function attributesReply(id: number, node: VolatileNode): Buffer {
  return new ReplyWriter(16 + attributesBytes)
    .uint64(validSeconds)
    .uint32(0, 0)
    .attributes(id, node)
    .finish();
}

/** Version, and no more of the kernel's offers than this disk can take. */
export function initReply(wantedFlags: number, maxWriteBytes: number): Buffer {
  return new ReplyWriter(64)
    .uint32(7, 31, maxWriteBytes, wantedFlags)
    .uint16(64, 48)
    .uint32(maxWriteBytes, 1)
    .uint16(maxWriteBytes / blockBytes, 0)
    .finish();
}

export function statisticsReply(): Buffer {
  const blocks = 2 ** 24;
  return new ReplyWriter(80)
    .uint64(blocks, blocks, blocks, blocks, blocks)
    .uint32(blockBytes, 255, blockBytes)
    .finish();
}

/** The entries from `offset` on that fit. */
export function listingReply(
  directory: VolatileDirectory,
  offset: number,
  maxBytes: number,
  idOf: (node: VolatileNode) => number,
): Buffer {
  const parts: Buffer[] = [];
  let left = maxBytes;
  for (const [i, [name, node]] of [...directory.entries].slice(offset).entries()) {
    const text = Buffer.from(name);
    const sizeBytes = 8 * Math.ceil((24 + text.length) / 8);
    if (sizeBytes > left) break;
    left -= sizeBytes;
    const mode = node instanceof VolatileDirectory ? fileType.directory : node.mode;
    const entry = new ReplyWriter(sizeBytes)
      .uint64(idOf(node), offset + i + 1)
      .uint32(text.length, (mode & fileType.mask) >> 12)
      .finish();
    text.copy(entry, 24);
    parts.push(entry);
  }
  return Buffer.concat(parts);
}
