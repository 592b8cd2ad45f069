import type { FetchShape, Load, LoadEvents, Progress } from '../channel.js';
import { PartitionReader } from './partition-reader.js';
import { RawConnection } from './raw-connection.js';

const maxWaitMs = 500;

/** Checks that every batch follows the one before. */
export class FetchLoad implements Load {
  readonly latencies = null;
  readonly #shape: FetchShape;
  readonly #events: LoadEvents;
  readonly #connections: RawConnection[] = [];
  #bytes = 0;
  #records = 0;
  #requests = 0;
  #stopping = false;
  #running = 0;
  #drained: (() => void) | null = null;
  /** Offset at which the reading of a partition ends for now. */
  #end: number;
  /** Connections that have nothing to read. */
  readonly #waiting: (() => void)[] = [];
  #arrived: (() => void) | null = null;

  private constructor(shape: FetchShape, events: LoadEvents) {
    this.#shape = shape;
    this.#end = shape.isOnDemand ? 0 : Number.POSITIVE_INFINITY;
    this.#events = events;
  }

  /** `events` are told if a request is answered with an error or a batch is missing. */
  static async start(shape: FetchShape, events: LoadEvents): Promise<FetchLoad> {
    const load = new FetchLoad(shape, events);
    const { partitions, connections, address } = shape;
    if (address.protocol !== 'kafka') throw new Error('not an address of a Kafka broker');
    for (let index = 0; index < connections; index++) {
      const connection = await RawConnection.open(address.host, address.port);
      load.#connections.push(connection);
      const own = Array.from({ length: partitions }, (_, partition) => partition).filter(
        (partition) => partition % connections === index,
      );
      load.#running++;
      load.#drive(connection, own);
    }
    return load;
  }

  progress(): Progress {
    const requests = this.#requests;
    return { payloadBytes: this.#bytes, records: this.#records, requests };
  }

  /** With a shape that reads on demand: resolves when all partitions were read up to this offset. */
  async readTo(end: number): Promise<void> {
    this.#end = end;
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    this.#goOn();
    await arrived;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#goOn();
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    for (const connection of this.#connections) connection.close();
  }

  async verify(): Promise<void> {
    // Each batch was checked as it came.
  }

  #goOn(): void {
    for (const next of this.#waiting.splice(0)) next();
  }

  #drive(connection: RawConnection, partitions: number[]): void {
    const { topic, maxBytes, atTail } = this.#shape;
    const readers = partitions.map(
      (partition) => new PartitionReader({ topic, partition, maxBytes, maxWaitMs, atTail }),
    );
    let turn = 0;
    const next = (): void => {
      if (this.#stopping) {
        if (--this.#running === 0) this.#drained?.();
        return;
      }
      if (readers.every(({ nextOffset }) => nextOffset >= this.#end)) {
        this.#waiting.push(next);
        if (this.#waiting.length === this.#running) this.#arrived?.();
        return;
      }
      while ((readers[turn] as PartitionReader).nextOffset >= this.#end) {
        turn = (turn + 1) % readers.length;
      }
      connection.send((readers[turn] as PartitionReader).request());
    };
    connection.receive({
      bytes: (chunk, frameAt) => (readers[turn] as PartitionReader).bytes(chunk, frameAt),
      end: () => {
        const reader = readers[turn] as PartitionReader;
        try {
          this.#records += reader.end();
        } catch (error) {
          this.#events.failed(error as Error);
          return;
        }
        this.#requests++;
        this.#bytes += reader.wholeBytes;
        this.#events.arrived?.(partitions[turn] as number, reader.nextOffset);
        turn = (turn + 1) % readers.length;
        next();
      },
    });
    next();
  }
}
