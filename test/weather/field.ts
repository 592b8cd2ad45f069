import type { Findings } from '../crash/findings.js';
import { Consumer } from '../crash/load/consumer.js';
import type { Load } from '../crash/load/load.js';
import { Producer } from '../crash/load/producer.js';
import { type LedgerRules, TopicLedger } from '../crash/load/topic-ledger.js';
import type { Random } from '../crash/random.js';
import { PlainProducer } from './plain-producer.js';
import { type PulsarAddress, PulsarWriter } from './pulsar-writer.js';

const partitions = 2;
/** none, gzip, lz4, zstd. */
const codecs = [0, 1, 3, 4];
/** Of one that is read from its beginning after each of many cycles. */
const slow = { pauseMs: 1_000, mostPaddingBytes: 100 };

export interface FieldOptions {
  readonly topic: string;
  readonly format: 'kafka' | 'mixed_kafka' | 'pulsar';
  readonly writers: 'exclusive' | 'shared';
  /** Takes few records. */
  readonly isSlow: boolean;
  readonly rules: LedgerRules;
}

/** One topic with all who write and read it: a producer of Kafka's that is idempotent, a plain one, and Pulsar's own. */
export class Field {
  readonly ledger: TopicLedger;
  readonly loads: readonly Load[];
  readonly #options: FieldOptions;
  readonly #pulsarWriter: PulsarWriter | null;

  constructor(options: FieldOptions, pulsar: PulsarAddress, random: Random, findings: Findings) {
    const { topic, writers, isSlow, rules } = options;
    this.#options = options;
    const ledger = new TopicLedger(topic, partitions, findings, rules);
    this.ledger = ledger;
    const pauseMs = isSlow ? slow.pauseMs : undefined;
    const pace = isSlow ? slow : undefined;
    const codec = random.pick(codecs);
    const kafka = [
      new Producer(`once-${topic}`, codec, random.fork(), findings, pace),
      new PlainProducer(topic, random.fork(), findings, pauseMs),
      new Consumer(),
    ];
    for (const load of kafka) load.begin(ledger);
    this.#pulsarWriter =
      writers === 'shared'
        ? new PulsarWriter(topic, pulsar, random.fork(), findings, pauseMs)
        : null;
    this.#pulsarWriter?.begin(ledger);
    this.loads = this.#pulsarWriter === null ? kafka : [...kafka, this.#pulsarWriter];
  }

  /** For CreateTopics. */
  get wanted() {
    const { topic: name, format, writers } = this.#options;
    const configs = [
      { name: 'entry.format', value: format },
      { name: 'pulsar.writers', value: writers },
    ];
    return { name, numPartitions: partitions, replicationFactor: 1, configs };
  }

  /** Ends what runs by itself. */
  async close(): Promise<void> {
    await this.#pulsarWriter?.close();
  }
}
