import { RawConnection } from './raw-connection.js';
import { batchOf, produceRequest } from './requests.js';

export interface ProduceShape {
  host: string;
  port: number;
  topic: string;
  partitions: number;
  recordBytes: number;
  batchBytes: number;
  connections: number;
  /** Requests of a connection that wait for their answers. */
  inFlight: number;
  acks: number;
  /** Distinct requests to send in turn. */
  distinctRequests: number;
}

/** Produces prepared requests as fast as they are answered; counts what was acknowledged. */
export class ProduceLoad {
  readonly payloadBytesPerRequest: number;
  readonly recordsPerRequest: number;
  acknowledged = 0;
  readonly #shape: ProduceShape;
  readonly #requests: Buffer[];
  readonly #connections: RawConnection[] = [];
  #next = 0;
  #outstanding = 0;
  #stopping = false;
  #drained: (() => void) | null = null;
  #failed: ((error: Error) => void) | null = null;

  constructor(shape: ProduceShape) {
    this.#shape = shape;
    const recordsPerBatch = Math.max(1, Math.floor(shape.batchBytes / shape.recordBytes));
    this.recordsPerRequest = recordsPerBatch * shape.partitions;
    this.payloadBytesPerRequest = this.recordsPerRequest * shape.recordBytes;
    this.#requests = Array.from({ length: shape.distinctRequests }, (_, request) => {
      const batches = Array.from({ length: shape.partitions }, (_, partition) => ({
        partition,
        batch: batchOf(recordsPerBatch, shape.recordBytes, request * shape.partitions + partition),
      }));
      return produceRequest(shape.topic, shape.acks, batches);
    });
  }

  /** Starts the load; rejects if a request is answered with an error. */
  async start(): Promise<{ failed: Promise<never> }> {
    const failed = new Promise<never>((_, reject) => {
      this.#failed = reject;
    });
    for (let index = 0; index < this.#shape.connections; index++) {
      const connection = await RawConnection.open(this.#shape.host, this.#shape.port);
      this.#connections.push(connection);
      this.#drive(connection);
    }
    return { failed };
  }

  /** Sends nothing more and resolves when everything was answered. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    for (const connection of this.#connections) connection.close();
  }

  #drive(connection: RawConnection): void {
    let head = Buffer.alloc(0);
    connection.receive({
      bytes: (chunk) => {
        head = head.length === 0 ? Buffer.from(chunk) : Buffer.concat([head, chunk]);
      },
      end: () => {
        this.#check(head);
        head = Buffer.alloc(0);
        this.acknowledged++;
        this.#outstanding--;
        if (!this.#stopping) this.#send(connection);
        else if (this.#outstanding === 0) this.#drained?.();
      },
    });
    for (let sent = 0; sent < this.#shape.inFlight; sent++) this.#send(connection);
  }

  #send(connection: RawConnection): void {
    this.#outstanding++;
    connection.send(this.#requests[this.#next++ % this.#requests.length] as Buffer);
  }

  /** A Produce v7 response of one topic: the error code of each partition. */
  #check(response: Buffer): void {
    const nameBytes = response.readInt16BE(8);
    let at = 10 + nameBytes;
    const partitions = response.readInt32BE(at);
    at += 4;
    for (let partition = 0; partition < partitions; partition++) {
      const errorCode = response.readInt16BE(at + 4);
      if (errorCode !== 0)
        this.#failed?.(new Error(`Produce was answered with error ${errorCode}`));
      at += 30;
    }
  }
}
