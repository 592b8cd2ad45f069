import { type FetchOrder, fetchRequest } from './requests.js';

/** Bytes of a Fetch v11 response for one partition before its records, but for the topic's name. */
const headBytes = 4 + 4 + 2 + 4 + 4 + 2 + 4 + 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4;
const batchHeadBytes = 61;

export interface ReadOrder extends FetchOrder {
  /** Waits at the end for more; else it begins again there. */
  readonly atTail: boolean;
}

/** Follows one partition: looks at batch headers only, wherever the reads cut them. */
export class PartitionReader {
  /** Of the response, a batch that is cut at its end too. */
  recordBytes = 0;
  /** Of its whole batches. */
  wholeBytes = 0;
  readonly #frame: Buffer;
  readonly #offsetAt: number;
  readonly #topicBytes: number;
  readonly #atTail: boolean;
  readonly #head: Buffer;
  #headFill = 0;
  readonly #batchHead = Buffer.alloc(batchHeadBytes);
  #batchFill = 0;
  /** Bytes of the current batch that are still to come after its header. */
  #skip = 0;
  #offset = 0;
  #records = 0;
  #problem: Error | null = null;

  constructor(order: ReadOrder) {
    this.#atTail = order.atTail;
    const { frame, offsetAt } = fetchRequest(order);
    this.#frame = frame;
    this.#offsetAt = offsetAt;
    this.#topicBytes = Buffer.byteLength(order.topic);
    this.#head = Buffer.alloc(headBytes + this.#topicBytes);
  }

  /** Of the next request. */
  get nextOffset(): number {
    return this.#offset;
  }

  request(): Buffer {
    const high = Math.floor(this.#offset / 2 ** 32);
    this.#frame.writeInt32BE(high, this.#offsetAt);
    this.#frame.writeUInt32BE(this.#offset >>> 0, this.#offsetAt + 4);
    this.#headFill = 0;
    this.#batchFill = 0;
    this.#skip = 0;
    this.#records = 0;
    this.recordBytes = 0;
    this.wholeBytes = 0;
    return this.#frame;
  }

  bytes(chunk: Buffer, _frameAt: number): void {
    let at = 0;
    if (this.#headFill < this.#head.length) {
      at = Math.min(this.#head.length - this.#headFill, chunk.length);
      chunk.copy(this.#head, this.#headFill, 0, at);
      this.#headFill += at;
    }
    this.recordBytes += chunk.length - at;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const taken = Math.min(this.#skip, chunk.length - at);
        this.#skip -= taken;
        at += taken;
        if (this.#skip === 0) this.#whole();
        continue;
      }
      const taken = Math.min(batchHeadBytes - this.#batchFill, chunk.length - at);
      chunk.copy(this.#batchHead, this.#batchFill, at, at + taken);
      this.#batchFill += taken;
      at += taken;
      if (this.#batchFill === batchHeadBytes) this.#batch();
    }
  }

  /** Records of the response; behind the end of the partition the next request starts over. */
  end(): number {
    if (this.#problem) throw this.#problem;
    const errorCode = this.#head.readInt16BE(headBytes - 38 + this.#topicBytes);
    if (errorCode !== 0) throw new Error(`Fetch was answered with error ${errorCode}`);
    if (this.recordBytes === 0 && !this.#atTail) this.#offset = 0;
    return this.#records;
  }

  #batch(): void {
    const head = this.#batchHead;
    const baseOffset = head.readUInt32BE(0) * 2 ** 32 + head.readUInt32BE(4);
    if (baseOffset !== this.#offset) {
      this.#problem ??= new Error(`offset ${baseOffset} came where ${this.#offset} was expected`);
    }
    this.#skip = head.readInt32BE(8) + 12 - batchHeadBytes;
    this.#batchFill = 0;
    if (this.#skip === 0) this.#whole();
  }

  /** The batch whose head was read has ended: Kafka cuts the last one of a response, which then comes again. */
  #whole(): void {
    const head = this.#batchHead;
    this.wholeBytes += head.readInt32BE(8) + 12;
    this.#records += head.readInt32BE(57);
    this.#offset += head.readInt32BE(23) + 1;
  }
}
