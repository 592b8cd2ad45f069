import type { Logger } from 'pino';
import type { LogConfig, PulsarOrigin } from '../../../workers/ring/control.js';
import type { PartitionPort, PartitionRef } from '../../route/partition-port.js';
import { inParallel } from '../in-parallel.js';
import { hasLog, offlinePartition } from '../topic.js';

/** Partitions that the workers open or close at once. */
const inFlightMax = 256;

export interface TopicToOpen {
  readonly name: string;
  readonly id: string;
  readonly config: LogConfig;
  readonly pulsarTopic: string;
  readonly isPartitioned: boolean;
  readonly transactions: PulsarOrigin['transactions'];
}

/** Opens and closes the partitions of Pulsar's topics. */
export class TopicPartitions {
  readonly #port: PartitionPort;
  readonly #log: Logger;

  constructor(port: PartitionPort, log: Logger) {
    this.#port = port;
    this.#log = log;
  }

  /** Partitions `[start, end)`; one that does not open is offline, and is tried again. */
  async open(topic: TopicToOpen, start: number, end: number): Promise<PartitionRef[]> {
    const { name, id, config, pulsarTopic, isPartitioned, transactions } = topic;
    const indexes = Array.from({ length: end - start }, (_, index) => start + index);
    const refs = indexes.map((partition) => offlinePartition(name, id, partition));
    await inParallel(indexes, inFlightMax, async (partition) => {
      try {
        refs[partition - start] = await this.#port.open({
          topic: name,
          topicId: id,
          partition,
          config,
          pulsar: {
            topic: isPartitioned ? `${pulsarTopic}-partition-${partition}` : pulsarTopic,
            transactions,
          },
          // Pulsar has it, or the opening fails and is tried again.
          create: false,
          recoveryPoint: 0,
          logStartOffset: 0,
          cleanShutdown: true,
        });
      } catch (error) {
        this.#log.error({ err: error, topic: name, partition }, 'partition is offline');
      }
    });
    return refs;
  }

  /** Each is offline at once. The topic is gone in Pulsar, or goes next. */
  async close(refs: Iterable<PartitionRef>): Promise<void> {
    const closings = [...refs].filter(hasLog).map(async (ref) => {
      try {
        await this.#port.close(ref, true);
      } catch (error) {
        const { topic, partition } = ref;
        this.#log.warn({ err: error, topic, partition }, 'cannot close a partition in order');
      }
    });
    await Promise.all(closings);
  }

  async configure(refs: readonly PartitionRef[], config: LogConfig): Promise<void> {
    await inParallel(refs.filter(hasLog), inFlightMax, (ref) =>
      this.#port.configure(ref, config),
    ).catch((error: unknown) => {
      // The owner takes the configs when it opens the partition again.
      this.#log.warn({ err: error, topic: refs[0]?.topic }, 'cannot tell a partition its configs');
    });
  }
}
