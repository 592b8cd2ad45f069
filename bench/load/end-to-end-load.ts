import {
  batchesPerSend,
  type FetchShape,
  type Load,
  type LoadEvents,
  type ProduceShape,
  type Progress,
  recordsPerBatch,
} from './channel.js';
import { FetchLoad } from './kafka/fetch-load.js';
import { Latencies } from './latencies.js';
import { ProduceLoad } from './produce-load.js';

/**
 * Produces at a pace that nothing slows down and reads at the end of the topic: the times are from when a batch was due
 * to when it was fetched. One connection produces to a topic that nobody else writes to, so that offsets tell the batch.
 */
export class EndToEndLoad implements Load {
  readonly latencies = new Latencies();
  readonly #batchRecords: number;
  /** When the sends were due that not every partition has shown yet; the first one is number `#firstSend`. */
  readonly #due: number[] = [];
  #firstSend = 0;
  /** Batches that each partition has shown. */
  readonly #shown: number[];
  #producing: ProduceLoad | null = null;
  #fetching: FetchLoad | null = null;

  private constructor({ recordBytes, batchBytes, partitions }: ProduceShape) {
    this.#batchRecords = recordsPerBatch(recordBytes, batchBytes);
    this.#shown = Array.from({ length: partitions }, () => 0);
  }

  static async start(
    produced: ProduceShape,
    fetched: FetchShape,
    { failed }: LoadEvents,
  ): Promise<EndToEndLoad> {
    if (produced.connections !== 1) throw new Error('one connection produces');
    if (batchesPerSend(produced) < produced.partitions) {
      throw new Error(`a send reaches ${batchesPerSend(produced)} partitions at most`);
    }
    const load = new EndToEndLoad(produced);
    load.#fetching = await FetchLoad.start(fetched, {
      failed,
      arrived: (partition, endOffset) => load.#arrived(partition, endOffset),
    });
    load.#producing = await ProduceLoad.start(produced, {
      failed,
      began: (dueMs) => load.#due.push(dueMs),
    });
    return load;
  }

  progress(): Progress {
    return this.#producing?.progress() as Progress;
  }

  async stop(): Promise<void> {
    await this.#producing?.stop();
    await this.#fetching?.stop();
  }

  verify(): Promise<void> {
    return this.#producing?.verify() ?? Promise.resolve();
  }

  #arrived(partition: number, endOffset: number): void {
    const end = Math.floor(endOffset / this.#batchRecords);
    for (let send = this.#shown[partition] as number; send < end; send++) {
      this.latencies.record(this.#due[send - this.#firstSend] as number);
    }
    this.#shown[partition] = end;
    const least = Math.min(...this.#shown);
    this.#due.splice(0, least - this.#firstSend);
    this.#firstSend = least;
  }
}
