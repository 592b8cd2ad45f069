import {
  type Channels,
  type FetchShape,
  type Load,
  type LoadEvents,
  type ProduceShape,
  type Progress,
  recordsPerBatch,
  sizeOfSend,
} from './channel.js';
import { FetchLoad } from './kafka/fetch-load.js';
import { openKafkaChannels } from './kafka/produce-channels.js';

const inFlight = 4;

/** Writes in bursts, and reads each when it was written: what it has done is what it has read. */
export class BurstLoad implements Load {
  readonly latencies = null;
  readonly #shape: ProduceShape;
  readonly #fetching: FetchLoad;
  #channels: Channels = { channels: [], verify: () => Promise.resolve() };
  #sends = 0;
  #left = 0;
  #outstanding = 0;
  #written: (() => void) | null = null;

  private constructor(shape: ProduceShape, fetching: FetchLoad) {
    this.#shape = shape;
    this.#fetching = fetching;
  }

  static async start(
    produced: ProduceShape,
    fetched: FetchShape,
    events: LoadEvents,
  ): Promise<BurstLoad> {
    const load = new BurstLoad(produced, await FetchLoad.start(fetched, events));
    load.#channels = await openKafkaChannels(produced, (index) => ({
      acknowledged: () => load.#acknowledged(index),
      failed: (error) => events.failed(error),
    }));
    return load;
  }

  /** Resolves when at least so much was written to all partitions alike. */
  async write(bytes: number): Promise<void> {
    const written = new Promise<void>((resolve) => {
      this.#written = resolve;
    });
    this.#left = Math.ceil(bytes / sizeOfSend(this.#shape).payloadBytes);
    for (const index of this.#channels.channels.keys()) {
      for (let sent = 0; sent < inFlight; sent++) this.#send(index);
    }
    await written;
  }

  /** Resolves when all that was written has been read. */
  read(): Promise<void> {
    const { recordBytes, batchBytes } = this.#shape;
    return this.#fetching.readTo(this.#sends * recordsPerBatch(recordBytes, batchBytes));
  }

  progress(): Progress {
    return this.#fetching.progress();
  }

  async stop(): Promise<void> {
    await this.#fetching.stop();
    for (const channel of this.#channels.channels) channel.close();
  }

  verify(): Promise<void> {
    return this.#channels.verify();
  }

  #send(index: number): void {
    if (this.#left === 0) return;
    this.#left--;
    this.#outstanding++;
    this.#channels.channels[index]?.send();
  }

  #acknowledged(index: number): void {
    this.#outstanding--;
    this.#sends++;
    this.#send(index);
    if (this.#outstanding === 0) this.#written?.();
  }
}
