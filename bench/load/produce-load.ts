import { createHistogram } from 'node:perf_hooks';
import {
  type Channel,
  type Load,
  type ProduceShape,
  type Progress,
  type SendSize,
  sizeOfSend,
} from './channel.js';
import { openKafkaChannels } from './kafka/produce-channels.js';
import { openPulsarChannels } from './pulsar/produce-channels.js';

const microsPerMs = 1_000;

/** Keeps so many sends under way as its shape says; counts what was acknowledged. */
export class ProduceLoad implements Load {
  readonly #size: SendSize;
  readonly #inFlight: number;
  readonly #latency = createHistogram();
  readonly #fail: (error: Error) => void;
  #channels: Channel[] = [];
  /** When the sends of each channel that are under way began, oldest first. */
  #begun: number[][] = [];
  #acknowledged = 0;
  #outstanding = 0;
  #stopping = false;
  #drained: (() => void) | null = null;

  private constructor(shape: ProduceShape, fail: (error: Error) => void) {
    this.#size = sizeOfSend(shape);
    this.#inFlight = shape.inFlight;
    this.#fail = fail;
  }

  /** `fail` is told if a send is refused. Rejects if the broker cannot be reached. */
  static async start(shape: ProduceShape, fail: (error: Error) => void): Promise<ProduceLoad> {
    const load = new ProduceLoad(shape, fail);
    const open = shape.address.protocol === 'kafka' ? openKafkaChannels : openPulsarChannels;
    load.#channels = await open(shape, (index) => ({
      acknowledged: () => load.#taken(index),
      failed: (error) => load.#failed(error),
    }));
    load.#begun = load.#channels.map(() => []);
    for (const index of load.#channels.keys()) {
      for (let sent = 0; sent < load.#inFlight; sent++) load.#send(index);
    }
    return load;
  }

  progress(): Progress {
    const { payloadBytes, records } = this.#size;
    const histogram = this.#latency;
    const latency =
      histogram.count === 0
        ? null
        : {
            p50: histogram.percentile(50),
            p99: histogram.percentile(99),
            p999: histogram.percentile(99.9),
            max: histogram.max,
          };
    histogram.reset();
    const requests = this.#acknowledged;
    return {
      payloadBytes: requests * payloadBytes,
      records: requests * records,
      requests,
      latency,
    };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    for (const channel of this.#channels) channel.close();
  }

  #send(index: number): void {
    this.#outstanding++;
    this.#begun[index]?.push(performance.now());
    this.#channels[index]?.send();
  }

  #taken(index: number): void {
    const begunMs = this.#begun[index]?.shift() as number;
    this.#latency.record(Math.max(1, Math.round((performance.now() - begunMs) * microsPerMs)));
    this.#acknowledged++;
    this.#outstanding--;
    if (!this.#stopping) this.#send(index);
    else if (this.#outstanding === 0) this.#drained?.();
  }

  /** Closing is no failure. */
  #failed(error: Error): void {
    if (!this.#stopping || this.#outstanding > 0) this.#fail(error);
  }
}
