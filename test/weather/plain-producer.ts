import type { Connection } from '../crash/connection.js';
import type { Findings } from '../crash/findings.js';
import { packBatch } from '../crash/load/batches.js';
import type { Load } from '../crash/load/load.js';
import { markedValue, plain, type TopicLedger } from '../crash/load/topic-ledger.js';
import type { Random } from '../crash/random.js';
import { produceExchange } from '../exchanges.js';

const mostRecords = 20;
const noProducer = { producerId: -1, producerEpoch: -1, baseSequence: -1 };

/** A producer that is not idempotent, and sends nothing twice: what was not acknowledged may be there, once, or not. */
export class PlainProducer implements Load {
  readonly pauseMs: number;
  readonly #name: string;
  readonly #random: Random;
  readonly #findings: Findings;
  #ledger: TopicLedger | null = null;
  #next: number[] = [];

  constructor(name: string, random: Random, findings: Findings, pauseMs = 5) {
    this.pauseMs = pauseMs;
    this.#name = `${plain}${name}`;
    this.#random = random;
    this.#findings = findings;
  }

  /** Goes on in another topic. */
  begin(ledger: TopicLedger): void {
    this.#ledger = ledger;
    this.#next = new Array<number>(ledger.partitions).fill(0);
  }

  async step(connection: Connection): Promise<void> {
    const ledger = this.#ledger!;
    const index = this.#random.below(ledger.partitions);
    const first = this.#next[index]!;
    const count = this.#random.between(1, mostRecords);
    this.#next[index] = first + count;
    const values = Array.from({ length: count }, (_, i) => markedValue(this.#name, first + i, ''));
    const records = packBatch(values, noProducer, 0);
    const topicData = [{ name: ledger.topic, partitionData: [{ index, records }] }];
    const request = { acks: -1, timeoutMs: 10_000, topicData };
    const { responses } = await connection.ask(produceExchange, request, 9);
    const { errorCode = -1, baseOffset = -1 } = responses[0]?.partitionResponses[0] ?? {};
    if (errorCode === 0) {
      ledger.acknowledge(index, { producer: this.#name, first, count, baseOffset });
    } else if (!ledger.rules.underway.has(errorCode)) {
      this.#findings.add(`${ledger.topic}-${index}: ${this.#name}: error ${errorCode}`);
    }
  }

  async settle(): Promise<void> {}

  /** The ledger of the topic looks at all producers at once. */
  async check(): Promise<void> {}
}
