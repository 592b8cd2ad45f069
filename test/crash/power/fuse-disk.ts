import type { Random } from '../random.js';
import {
  attributesReply,
  entryReply,
  initReply,
  listingReply,
  ReplyWriter,
  statisticsReply,
} from './fuse-reply.js';
import { VolatileDirectory, type VolatileNode } from './volatile-directory.js';
import { VolatileFile } from './volatile-file.js';

/** Errors of the kernel that this disk answers with. */
const Errno = {
  ENOENT: 2,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSYS: 38,
  ENOTEMPTY: 39,
};
const rootId = 1;
const headerBytes = 40;
/** One write of a program reaches this disk in parts of at most this. */
export const maxWriteBytes = 2 ** 20;
/** Of the kernel's offers: reads side by side, big writes, and opening without asking. */
const wantedFlags = 0x1 | 0x20 | 0x2_0000 | 0x40_0000 | 0x100_0000;
const setSize = 0b1000;
const noReplace = 1;
/** O_DSYNC, which O_SYNC contains. */
const syncedWrites = 0o10_000;

class DiskError extends Error {
  readonly errno: number;

  constructor(name: keyof typeof Errno) {
    super(name);
    this.errno = Errno[name];
  }
}

/** One request of the kernel. */
class Request {
  readonly nodeId: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.nodeId = Number(bytes.readBigUInt64LE(16));
  }

  uint32(at: number): number {
    return this.#bytes.readUInt32LE(headerBytes + at);
  }

  uint64(at: number): number {
    return Number(this.#bytes.readBigUInt64LE(headerBytes + at));
  }

  bytes(start: number, sizeBytes: number): Buffer {
    return this.#bytes.subarray(headerBytes + start, headerBytes + start + sizeBytes);
  }

  /** The names behind the fixed fields. */
  names(start: number): string[] {
    return this.#bytes.toString('utf8', headerBytes + start).split('\0');
  }
}

/**
 * A file system in memory, driven by requests of the kernel's FUSE driver. All that a process does to files
 * comes by here, whoever in it does it: Node, the addon's threads, LMDB's C code.
 */
export class FuseDisk {
  #root = new VolatileDirectory(0o755);
  #nodes = new Map<number, VolatileNode>();
  #ids = new Map<VolatileNode, number>();
  #lastId = rootId;

  constructor() {
    this.#number(this.#root, rootId);
  }

  /** Only what was synced is left, and a random few of the changes since. */
  cutPower(random: Random): void {
    this.#root.cutPower(random);
    this.#nodes.clear();
    this.#ids.clear();
    this.#number(this.#root, rootId);
  }

  /** The answer's bytes, or null where the kernel expects none. */
  answer(bytes: Buffer): Buffer | null {
    const handler = this.#handlers[bytes.readUInt32LE(4)];
    const reply = (errno: number, body: Buffer) => {
      const header = Buffer.alloc(16);
      header.writeUInt32LE(16 + body.length, 0);
      header.writeInt32LE(-errno, 4);
      bytes.copy(header, 8, 8, 16);
      return Buffer.concat([header, body]);
    };
    if (handler === undefined) return reply(Errno.ENOSYS, Buffer.alloc(0));
    try {
      const body = handler(new Request(bytes));
      return body === null ? null : reply(0, body);
    } catch (error) {
      if (error instanceof DiskError) return reply(error.errno, Buffer.alloc(0));
      throw error;
    }
  }

  /** By the number of the operation in linux/fuse.h. */
  readonly #handlers: { [opcode: number]: (request: Request) => Buffer | null } = {
    1: (request) => this.#lookup(request),
    2: () => null, // FORGET
    3: ({ nodeId }) => attributesReply(nodeId, this.#node(nodeId)),
    4: (request) => this.#setAttributes(request),
    8: (request) => {
      const [name = ''] = request.names(16);
      return this.#create(request, name, new VolatileFile(request.uint32(0)));
    },
    9: (request) => {
      const [name = ''] = request.names(8);
      return this.#create(request, name, new VolatileDirectory(request.uint32(0) & 0o7777));
    },
    10: (request) => this.#remove(request),
    11: (request) => this.#remove(request),
    12: (request) => this.#rename(request, 8, 0),
    15: (request) => {
      const bytes = this.#file(request).read(request.uint64(8), request.uint32(16));
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    },
    16: (request) => this.#write(request),
    17: () => statisticsReply(),
    20: (request) => this.#sync(this.#node(request.nodeId)),
    26: () => initReply(wantedFlags, maxWriteBytes),
    28: (request) =>
      listingReply(this.#directory(request.nodeId), request.uint64(8), request.uint32(16), (node) =>
        this.#number(node),
      ),
    30: (request) => this.#sync(this.#node(request.nodeId)),
    36: () => null, // INTERRUPT: nothing here takes long
    42: () => null, // BATCH_FORGET
    45: (request) => this.#rename(request, 16, request.uint32(8)),
  };

  #lookup(request: Request): Buffer {
    const [name = ''] = request.names(0);
    return this.#entry(this.#child(this.#directory(request.nodeId), name));
  }

  #setAttributes(request: Request): Buffer {
    if ((request.uint32(0) & setSize) !== 0) this.#file(request).truncate(request.uint64(16));
    return attributesReply(request.nodeId, this.#node(request.nodeId));
  }

  #create(request: Request, name: string, node: VolatileNode): Buffer {
    const parent = this.#directory(request.nodeId);
    if (parent.entries.has(name)) throw new DiskError('EEXIST');
    parent.change([name, node]);
    return this.#entry(node);
  }

  #remove(request: Request): Buffer {
    const parent = this.#directory(request.nodeId);
    const [name = ''] = request.names(0);
    const node = this.#child(parent, name);
    if (node instanceof VolatileDirectory && node.entries.size > 0)
      throw new DiskError('ENOTEMPTY');
    parent.change([name, null]);
    return Buffer.alloc(0);
  }

  #rename(request: Request, namesStart: number, flags: number): Buffer {
    if ((flags & ~noReplace) !== 0) throw new DiskError('EINVAL');
    const from = this.#directory(request.nodeId);
    const to = this.#directory(request.uint64(0));
    const [oldName = '', newName = ''] = request.names(namesStart);
    const node = this.#child(from, oldName);
    if (flags === noReplace && to.entries.has(newName)) throw new DiskError('EEXIST');
    if (from === to) from.change([oldName, null], [newName, node]);
    else {
      to.change([newName, node]);
      from.change([oldName, null]);
    }
    return Buffer.alloc(0);
  }

  #write(request: Request): Buffer {
    const sizeBytes = request.uint32(16);
    const file = this.#file(request);
    file.write(request.uint64(8), request.bytes(40, sizeBytes));
    if ((request.uint32(32) & syncedWrites) !== 0) file.sync();
    return new ReplyWriter(8).uint32(sizeBytes).finish();
  }

  #sync(node: VolatileNode): Buffer {
    node.sync();
    return Buffer.alloc(0);
  }

  #entry(node: VolatileNode): Buffer {
    return entryReply(this.#number(node), node);
  }

  #number(node: VolatileNode, id = this.#ids.get(node) ?? ++this.#lastId): number {
    this.#ids.set(node, id);
    this.#nodes.set(id, node);
    return id;
  }

  #node(id: number): VolatileNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new DiskError('ENOENT');
    return node;
  }

  #child(directory: VolatileDirectory, name: string): VolatileNode {
    const node = directory.entries.get(name);
    if (node === undefined) throw new DiskError('ENOENT');
    return node;
  }

  #directory(id: number): VolatileDirectory {
    const node = this.#node(id);
    if (!(node instanceof VolatileDirectory)) throw new DiskError('ENOTDIR');
    return node;
  }

  #file(request: Request): VolatileFile {
    const node = this.#node(request.nodeId);
    if (node instanceof VolatileDirectory) throw new DiskError('EISDIR');
    return node;
  }
}
