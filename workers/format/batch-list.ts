/**
 * The property `kopje.batches` of an entry in the pulsar format: what the Kafka batches in it were. Readers of
 * batches look only at the properties of single messages, so Pulsar's clients and KoP ignore it.
 *
 * One item a batch, with commas between: the number of its records; if it has a producer, `:` and the
 * producer's id, epoch, first and last sequence; `t` if it is transactional, `a` if its time is the append's.
 * Two batches, the first idempotent: `3:4001:0:15:17,5`.
 */

/** Batches that one entry holds at most. */
export const MAX_MERGED_BATCHES = 256;

/** Bits of `BatchList.flags`. */
export const BATCH_FLAG = { transactional: 1, appendTime: 2 } as const;

/** A list of batches, reused from entry to entry. */
export class BatchList {
  count = 0;
  /** Of all batches. */
  recordCount = 0;
  readonly records = new Int32Array(MAX_MERGED_BATCHES);
  /** -1 without a producer, and so are epoch and sequences. */
  readonly producerIds = new Float64Array(MAX_MERGED_BATCHES);
  readonly producerEpochs = new Int32Array(MAX_MERGED_BATCHES);
  readonly firstSequences = new Int32Array(MAX_MERGED_BATCHES);
  readonly lastSequences = new Int32Array(MAX_MERGED_BATCHES);
  /** Of `BATCH_FLAG`. */
  readonly flags = new Uint8Array(MAX_MERGED_BATCHES);
  private view: Uint8Array = new Uint8Array();
  private at = 0;
  private end = 0;

  clear(): void {
    this.count = 0;
    this.recordCount = 0;
  }

  add(
    records: number,
    producerId: number,
    producerEpoch: number,
    firstSequence: number,
    flags: number,
  ): void {
    const index = this.count++;
    this.recordCount += records;
    this.records[index] = records;
    this.producerIds[index] = producerId;
    this.producerEpochs[index] = producerEpoch;
    this.firstSequences[index] = firstSequence;
    // Sequences go on with 0 behind the greatest int32.
    this.lastSequences[index] =
      firstSequence < 0 ? -1 : (firstSequence + records - 1) % 0x8000_0000;
    this.flags[index] = flags;
  }

  /** The property's value. */
  text(): string {
    let text = '';
    for (let i = 0; i < this.count; i++) {
      text += `${i === 0 ? '' : ','}${this.records[i]}`;
      if (this.producerIds[i]! >= 0) {
        text += `:${this.producerIds[i]}:${this.producerEpochs[i]}:${this.firstSequences[i]}:${this.lastSequences[i]}`;
      }
      if ((this.flags[i]! & BATCH_FLAG.transactional) !== 0) text += 't';
      if ((this.flags[i]! & BATCH_FLAG.appendTime) !== 0) text += 'a';
    }
    return text;
  }

  /** Reads a value; false if it is none of ours, or does not describe `recordCount` records. */
  parse(view: Uint8Array, start: number, end: number, recordCount: number): boolean {
    this.clear();
    this.view = view;
    this.at = start;
    this.end = end;
    do {
      if (this.count === MAX_MERGED_BATCHES || !this.parseItem()) return false;
    } while (this.take(0x2c));
    return this.at === end && this.recordCount === recordCount;
  }

  private parseItem(): boolean {
    const records = this.number();
    let id = -1;
    let epoch = -1;
    let first = -1;
    let last = -1;
    if (this.take(0x3a)) {
      id = this.number();
      epoch = this.rest();
      first = this.rest();
      last = this.rest();
      if (Math.min(id, epoch, first, last) < 0 || epoch > 0x7fff) return false;
    }
    let flags = this.take(0x74) ? BATCH_FLAG.transactional : 0;
    if (this.take(0x61)) flags |= BATCH_FLAG.appendTime;
    if (records < 1 || Math.max(records, first, last) > 0x7fff_ffff) return false;
    this.add(records, id, epoch, first, flags);
    return this.lastSequences[this.count - 1] === last;
  }

  private take(byte: number): boolean {
    if (this.at >= this.end || this.view[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  private rest(): number {
    return this.take(0x3a) ? this.number() : -1;
  }

  /** The decimal number here, -1 if there is none within 2^53. */
  private number(): number {
    const start = this.at;
    let value = 0;
    while (this.at < this.end && value <= Number.MAX_SAFE_INTEGER) {
      const digit = this.view[this.at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.at++;
    }
    return this.at === start || value > Number.MAX_SAFE_INTEGER ? -1 : value;
  }
}
