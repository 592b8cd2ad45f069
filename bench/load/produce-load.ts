import {
  type Channels,
  type Load,
  type LoadEvents,
  type ProduceShape,
  type Progress,
  type SendSize,
  sizeOfSend,
} from './channel.js';
import { openKafkaChannels } from './kafka/produce-channels.js';
import { Latencies } from './latencies.js';
import { Pacemaker } from './pacemaker.js';
import { openPulsarChannels } from './pulsar/produce-channels.js';

/** Sends without an answer of a load with a pace of its own: a broker that is so far behind does not keep it up. */
const maxBehind = 10_000;

/** Produces at the pace of its shape; counts what was acknowledged. */
export class ProduceLoad implements Load {
  readonly latencies = new Latencies();
  readonly #shape: ProduceShape;
  readonly #size: SendSize;
  readonly #events: LoadEvents;
  #channels: Channels = { channels: [], verify: () => Promise.resolve() };
  /** When the sends of each channel that are under way began, or were due, oldest first. */
  #begun: number[][] = [];
  #pacemaker: Pacemaker | null = null;
  #turn = 0;
  #acknowledged = 0;
  #outstanding = 0;
  #stopping = false;
  #drained: (() => void) | null = null;

  private constructor(shape: ProduceShape, events: LoadEvents) {
    this.#shape = shape;
    this.#size = sizeOfSend(shape);
    this.#events = events;
  }

  /** Rejects if the broker cannot be reached. */
  static async start(shape: ProduceShape, events: LoadEvents): Promise<ProduceLoad> {
    const load = new ProduceLoad(shape, events);
    const open = shape.address.protocol === 'kafka' ? openKafkaChannels : openPulsarChannels;
    load.#channels = await open(shape, (index) => ({
      acknowledged: () => load.#taken(index),
      failed: (error) => load.#failed(error),
    }));
    load.#begun = load.#channels.channels.map(() => []);
    load.#begin();
    return load;
  }

  progress(): Progress {
    const { payloadBytes, records } = this.#size;
    const requests = this.#acknowledged;
    return { payloadBytes: requests * payloadBytes, records: requests * records, requests };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#pacemaker?.stop();
    if (this.#outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    for (const channel of this.#channels.channels) channel.close();
  }

  verify(): Promise<void> {
    return this.#channels.verify();
  }

  #begin(): void {
    const { pace } = this.#shape;
    const { length } = this.#channels.channels;
    if ('inFlight' in pace) {
      for (let index = 0; index < length; index++) {
        for (let sent = 0; sent < pace.inFlight; sent++) this.#send(index, performance.now());
      }
      return;
    }
    this.#pacemaker = new Pacemaker(pace.sendsPerSecond, (dueMs) => {
      if (this.#outstanding < maxBehind) this.#send(this.#turn++ % length, dueMs);
      else this.#failed(new Error(`the broker is ${maxBehind} sends behind the pace`));
    });
  }

  #send(index: number, beganMs: number): void {
    this.#outstanding++;
    this.#begun[index]?.push(beganMs);
    this.#events.began?.(beganMs);
    this.#channels.channels[index]?.send();
  }

  #taken(index: number): void {
    this.latencies.record(this.#begun[index]?.shift() as number);
    this.#acknowledged++;
    this.#outstanding--;
    if (this.#stopping) {
      if (this.#outstanding === 0) this.#drained?.();
    } else if (this.#pacemaker === null) this.#send(index, performance.now());
  }

  /** Closing is no failure. */
  #failed(error: Error): void {
    if (!this.#stopping || this.#outstanding > 0) this.#events.failed(error);
  }
}
