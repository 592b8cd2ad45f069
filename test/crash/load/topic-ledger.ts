import { setTimeout } from 'node:timers/promises';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { fetchExchange } from '../../exchanges.js';
import type { Connection } from '../connection.js';
import type { Findings } from '../findings.js';
import { type FoundRecord, recordsIn } from './batches.js';
import { eventually, usualPatienceMs } from './load.js';

const pollMs = 20;

/** Retried by every client: the partition is on its way. */
const underway: ReadonlySet<number> = new Set([
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
]);

/** What readers and writers may meet on the way, and in the end. */
export interface LedgerRules {
  /** Errors that a client retries. */
  readonly underway: ReadonlySet<number>;
  /** How long they may last behind a start. */
  readonly patienceMs: number;
  /** Offsets at which nothing stands, and that readers pass. */
  readonly mayHaveHoles: boolean;
}

const usualRules: LedgerRules = {
  underway,
  patienceMs: usualPatienceMs,
  mayHaveHoles: false,
};

interface Acknowledgement {
  readonly producer: string;
  readonly first: number;
  readonly count: number;
  readonly baseOffset: number;
}

/** Begins the name of who does not send again what was not acknowledged, so that it may be missing. */
export const plain = 'plain-';

/** Begins the name of who writes what must never be taken. */
export const refused = 'refused-';

/** A record's value begins with who wrote it and its number in that one's order. */
export function markedValue(producer: string, number: number, padding: string): string {
  return `${producer}/${number}/${padding}`;
}

function writerOf(value: string): [producer: string, number: number] {
  const [producer = '', number = ''] = value.split('/', 2);
  return [producer, Number(number)];
}

/** What a topic's readers and writers were told, to hold against what is in it after a crash. */
export class TopicLedger {
  readonly topic: string;
  readonly partitions: number;
  readonly rules: LedgerRules;
  readonly #findings: Findings;
  readonly #acknowledged: Acknowledgement[][];
  /** Stored by somebody who was not told at which offset: producer and number. */
  readonly #promised: Set<string>[];
  /** Who had written what stood at an offset when a reader saw it. */
  readonly #seen: Map<number, string>[];

  constructor(topic: string, partitions: number, findings: Findings, rules = usualRules) {
    this.rules = rules;
    this.topic = topic;
    this.partitions = partitions;
    this.#findings = findings;
    this.#acknowledged = Array.from({ length: partitions }, () => []);
    this.#promised = Array.from({ length: partitions }, () => new Set());
    this.#seen = Array.from({ length: partitions }, () => new Map());
  }

  get acknowledgedRecords(): number {
    const told = this.#acknowledged.flat().reduce((sum, { count }) => sum + count, 0);
    return told + this.promisedRecords;
  }

  /** Those of `acknowledgedRecords` that came past the broker. */
  get promisedRecords(): number {
    return this.#promised.reduce((sum, { size }) => sum + size, 0);
  }

  acknowledge(partition: number, acknowledgement: Acknowledgement): void {
    this.#acknowledged[partition]!.push(acknowledgement);
  }

  /** For a producer that writes past the broker, and is told that its records are stored, but not where. */
  promise(
    partition: number,
    { producer, first, count }: Omit<Acknowledgement, 'baseOffset'>,
  ): void {
    for (let i = 0; i < count; i++) this.#promised[partition]!.add(`${producer}/${first + i}`);
  }

  see(partition: number, records: readonly FoundRecord[]): void {
    for (const { offset, value } of records) {
      this.#seen[partition]!.set(offset, writerOf(value).join('/'));
    }
  }

  /** What a fetch brings from `offset` on; null while the partition is on its way. */
  async fetch(connection: Connection, partition: number, offset: number, maxWaitMs = 0) {
    const place = { partition, fetchOffset: offset, partitionMaxBytes: 4_000_000 };
    const unused = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, logStartOffset: -1 };
    const topics = [{ topic: this.topic, partitions: [{ ...place, ...unused }] }];
    const limits = { maxWaitMs, minBytes: 1, maxBytes: 8_000_000, sessionId: 0, sessionEpoch: -1 };
    const request = { replicaId: -1, ...limits, topics };
    const { responses } = await connection.ask(fetchExchange, request, 12);
    const found = responses[0]?.partitions[0];
    if (found === undefined || this.rules.underway.has(found.errorCode)) return null;
    const { errorCode, highWatermark } = found;
    if (errorCode !== 0) {
      this.#findings.add(`${this.topic}-${partition}: a fetch at ${offset}: error ${errorCode}`);
    }
    const { records, nextOffset } = recordsIn((found.records ?? new Uint8Array(0)) as Uint8Array);
    return { records, nextOffset: Math.max(offset, nextOffset), highWatermark, errorCode };
  }

  /** Everything is there that was acknowledged or seen, in order, once; and nothing that was refused. */
  async check(connection: Connection): Promise<void> {
    for (let partition = 0; partition < this.partitions; partition++) {
      const records = await this.#readAll(connection, partition);
      if (records === null) continue;
      this.#checkOrder(partition, records);
      this.#checkAcknowledged(partition, records);
      this.#checkSeen(partition, records);
      // The next check finds out whether it is still there.
      this.see(partition, records);
    }
  }

  /** For a disk that may have lost the newest: what is left is a beginning, and each record stands where it stood. */
  async checkBeginning(connection: Connection): Promise<void> {
    for (let partition = 0; partition < this.partitions; partition++) {
      const records = await this.#readAll(connection, partition);
      if (records === null) continue;
      this.#checkOrder(partition, records);
      const end = records.length;
      const kept = this.#acknowledged[partition]!.filter(
        (one) => one.baseOffset + one.count <= end,
      );
      this.#acknowledged[partition] = kept;
      this.#checkAcknowledged(partition, records);
    }
  }

  async #readAll(connection: Connection, partition: number): Promise<FoundRecord[] | null> {
    const records: FoundRecord[] = [];
    const missing = new Set(this.#promised[partition]);
    const deadlineMs = performance.now() + this.rules.patienceMs;
    for (let offset = 0; ; ) {
      const attempt = () => this.fetch(connection, partition, offset);
      const found = await eventually(attempt, this.rules.patienceMs);
      if (found === null) {
        this.#findings.add(`${this.topic}-${partition} stays offline`);
        return null;
      }
      for (const record of found.records) {
        if (record.offset < offset) continue;
        records.push(record);
        missing.delete(writerOf(record.value).join('/'));
      }
      if (found.nextOffset === offset || found.errorCode !== 0) {
        // A read may be given up for now, and what came past the broker may still be on its way to it.
        const isOnItsWay = missing.size > 0 || found.highWatermark > offset;
        if (isOnItsWay && found.errorCode === 0 && performance.now() < deadlineMs) {
          await setTimeout(pollMs);
          continue;
        }
        if (found.highWatermark > offset) this.#add(partition, `ends at ${offset}, early`);
        const [first] = missing;
        if (first !== undefined) {
          this.#add(
            partition,
            `${missing.size} that were stored are nowhere, the first is ${first}`,
          );
        }
        return records;
      }
      offset = found.nextOffset;
    }
  }

  #checkOrder(partition: number, records: readonly FoundRecord[]): void {
    const next = new Map<string, number>();
    let end = 0;
    for (const [i, { offset, value }] of records.entries()) {
      const [producer, number] = writerOf(value);
      const wanted = this.rules.mayHaveHoles ? Math.max(offset, end) : i;
      end = offset + 1;
      if (offset !== wanted) {
        this.#add(partition, `offset ${offset} where ${wanted} belongs`);
        return;
      }
      if (producer.startsWith(refused)) this.#add(partition, `holds what was refused: ${producer}`);
      const expected = next.get(producer) ?? 0;
      if (number < expected) this.#add(partition, `${producer}'s ${number} is there again`);
      else if (number > expected && !producer.startsWith(plain)) {
        this.#add(partition, `${producer}'s ${expected} to ${number - 1} are missing`);
      }
      next.set(producer, Math.max(expected, number + 1));
    }
  }

  #checkAcknowledged(partition: number, records: readonly FoundRecord[]): void {
    const byOffset = new Map(records.map((record) => [record.offset, record]));
    for (const { producer, first, count, baseOffset } of this.#acknowledged[partition]!) {
      for (let i = 0; i < count; i++) {
        const found = byOffset.get(baseOffset + i);
        const wanted = `${producer}/${first + i}`;
        if (found !== undefined && writerOf(found.value).join('/') === wanted) continue;
        const instead = found === undefined ? 'nothing' : writerOf(found.value).join('/');
        const promised = `${wanted} was acknowledged at ${baseOffset + i}`;
        this.#add(partition, `${promised}, where ${instead} is`);
        return;
      }
    }
  }

  #checkSeen(partition: number, records: readonly FoundRecord[]): void {
    const byOffset = new Map(records.map((record) => [record.offset, record]));
    for (const [offset, wanted] of this.#seen[partition]!) {
      const found = byOffset.get(offset);
      if (found !== undefined && writerOf(found.value).join('/') === wanted) continue;
      this.#add(partition, `${wanted} was read at ${offset} and is not there now`);
      return;
    }
  }

  #add(partition: number, text: string): void {
    this.#findings.add(`${this.topic}-${partition}: ${text}`);
  }
}
