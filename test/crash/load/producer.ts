import { randomBytes } from 'node:crypto';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { initProducerIdExchange, produceExchange } from '../../exchanges.js';
import type { Connection } from '../connection.js';
import type { Findings } from '../findings.js';
import type { Random } from '../random.js';
import { packBatch } from './batches.js';
import { eventually, type Load } from './load.js';
import { markedValue, refused, type TopicLedger } from './topic-ledger.js';

/** Batches of one partition on their way at once; a broker knows the last five again. */
const windowBatches = 3;
const lanesAtOnce = 2;
const mostRecords = 30;
/** Codecs make little of it. */
const padding = randomBytes(64_000).toString('latin1').replaceAll('/', '.');
const acksAll = -1;
const timeoutMs = 10_000;

/** How much a producer sends. */
export interface Pace {
  readonly pauseMs: number;
  /** In a record, at most. */
  readonly mostPaddingBytes: number;
}

/** Enough for several segments in a cycle. */
const usualPace: Pace = { pauseMs: 2, mostPaddingBytes: 8_000 };

interface SentBatch {
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** A partition as one producer sees it. */
interface Lane {
  readonly partition: number;
  /** Of the next record, which is also its sequence. */
  next: number;
  /** Not acknowledged, oldest first. */
  readonly pending: SentBatch[];
  isKnown: boolean;
}

/** An idempotent producer that sends again, in order, what was not acknowledged. */
export class Producer implements Load {
  readonly pauseMs: number;
  readonly name: string;
  readonly #mostPaddingBytes: number;
  readonly #codec: number;
  readonly #random: Random;
  readonly #findings: Findings;
  #identity: { producerId: number; producerEpoch: number } | null = null;
  #ledger: TopicLedger | null = null;
  #lanes: Lane[] = [];

  constructor(
    name: string,
    codec: number,
    random: Random,
    findings: Findings,
    { pauseMs, mostPaddingBytes }: Pace = usualPace,
  ) {
    this.pauseMs = pauseMs;
    this.#mostPaddingBytes = mostPaddingBytes;
    this.name = name;
    this.#codec = codec;
    this.#random = random;
    this.#findings = findings;
  }

  /** Goes on in another topic. */
  begin(ledger: TopicLedger): void {
    this.#ledger = ledger;
    this.#lanes = Array.from({ length: ledger.partitions }, (_, partition) => {
      return { partition, next: 0, pending: [], isKnown: false };
    });
  }

  async step(connection: Connection): Promise<void> {
    await this.#introduce(connection);
    const start = this.#random.below(this.#lanes.length);
    const lanes = [...this.#lanes, ...this.#lanes].slice(start, start + lanesAtOnce);
    for (const lane of lanes) {
      // A first batch goes alone: behind one that was refused, a broker would take any sequence.
      const room = lane.isKnown ? this.#random.between(1, windowBatches) : 1;
      while (lane.pending.length < room) lane.pending.push(this.#make(lane));
    }
    const known = lanes.find((lane) => lane.isKnown);
    const refused =
      known !== undefined && this.#random.oneIn(8) ? this.#refuse(connection, known) : null;
    await Promise.all([...lanes.map((lane) => this.#send(connection, lane)), refused]);
  }

  async settle(connection: Connection): Promise<void> {
    for (const lane of this.#lanes) {
      const isDone = await eventually(async () => {
        await this.#send(connection, lane);
        return lane.pending.length === 0 ? true : null;
      }, this.#ledger!.rules.patienceMs);
      const place = `${this.#ledger?.topic}-${lane.partition}`;
      if (isDone === null)
        this.#findings.add(`${place}: ${this.name} cannot go on after a restart`);
    }
  }

  /** The ledger of the topic looks at all producers at once. */
  async check(): Promise<void> {}

  async #introduce(connection: Connection): Promise<void> {
    if (this.#identity !== null) return;
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
    const { errorCode, producerId, producerEpoch } = await connection.ask(
      initProducerIdExchange,
      request,
      1,
    );
    if (errorCode === 0) this.#identity = { producerId, producerEpoch };
    else this.#findings.add(`InitProducerId: error ${errorCode}`);
  }

  get producerId(): number | null {
    return this.#identity?.producerId ?? null;
  }

  #make(lane: Lane): SentBatch {
    const first = lane.next;
    const count = this.#random.between(1, mostRecords);
    lane.next += count;
    return { first, count, bytes: this.#pack(this.name, first, count) };
  }

  #pack(name: string, first: number, count: number): Uint8Array {
    const values = Array.from({ length: count }, (_, i) =>
      markedValue(name, first + i, this.#padding()),
    );
    return packBatch(values, { ...this.#identity!, baseSequence: first }, this.#codec);
  }

  #padding(): string {
    const most = this.#mostPaddingBytes;
    const start = this.#random.below(padding.length - most);
    return padding.slice(start, start + this.#random.below(most));
  }

  /** Sends what is pending, in order, and takes the answers. */
  async #send(connection: Connection, lane: Lane): Promise<void> {
    const sent = lane.isKnown ? [...lane.pending] : lane.pending.slice(0, 1);
    const asked = sent.map(({ bytes }) => this.#produce(connection, lane.partition, bytes));
    const answers = await Promise.allSettled(asked);
    let refusal: number | null = null;
    for (const [i, answer] of answers.entries()) {
      if (answer.status === 'rejected') throw answer.reason;
      const { errorCode, baseOffset } = answer.value;
      if (errorCode === 0) {
        if (refusal !== null) this.#add(lane, `took a batch behind one refused with ${refusal}`);
        const { first, count } = sent[i]!;
        const { name: producer } = this;
        this.#ledger!.acknowledge(lane.partition, { producer, first, count, baseOffset });
        lane.pending.shift();
        lane.isKnown = true;
        continue;
      }
      const isFollower = refusal !== null && errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
      if (!this.#ledger!.rules.underway.has(errorCode) && !isFollower) {
        this.#add(lane, `${this.name}'s batch from ${sent[i]!.first} on: error ${errorCode}`);
      }
      refusal ??= errorCode;
    }
  }

  /** Sends a batch that must never be taken: damaged, or far out of its sequence. */
  async #refuse(connection: Connection, lane: Lane): Promise<void> {
    const isDamaged = this.#random.oneIn(2);
    const far = lane.next + 100_000;
    const bytes = this.#pack(`${refused}${this.name}`, isDamaged ? lane.next : far, 1);
    if (isDamaged) bytes[bytes.length - 1]! ^= 0x55;
    const { errorCode } = await this.#produce(connection, lane.partition, bytes);
    if (errorCode === 0) this.#add(lane, 'took a batch that is damaged or out of its sequence');
  }

  async #produce(connection: Connection, index: number, records: Uint8Array) {
    const topicData = [{ name: this.#ledger!.topic, partitionData: [{ index, records }] }];
    const request = { acks: acksAll, timeoutMs, topicData };
    const { responses } = await connection.ask(produceExchange, request, 9);
    const answer = responses[0]?.partitionResponses[0];
    return { errorCode: answer?.errorCode ?? -1, baseOffset: answer?.baseOffset ?? -1 };
  }

  #add(lane: Lane, text: string): void {
    this.#findings.add(`${this.#ledger?.topic}-${lane.partition}: ${text}`);
  }
}
