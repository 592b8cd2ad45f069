import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import {
  type Channel,
  type ChannelEvents,
  type Channels,
  type ProduceShape,
  recordsPerBatch,
} from '../channel.js';
import {
  type PreparedRequest,
  type Producer,
  prepareRequests,
  stampProducer,
} from './prepared-requests.js';
import { RawConnection } from './raw-connection.js';
import { readBack } from './read-back.js';
import { initProducerIdRequest } from './requests.js';

/** Sequences go round at the end of Kafka's int32. */
const sequenceEnd = 2 ** 31;
const loadingTimeoutMs = 30_000;
const loadingPollMs = 50;

/** One channel for each connection, which is an idempotent producer; a send is one Produce request. */
export async function openKafkaChannels(
  shape: ProduceShape,
  eventsOf: (index: number) => ChannelEvents,
): Promise<Channels> {
  const { address, connections } = shape;
  if (address.protocol !== 'kafka') throw new Error('not the address of a Kafka broker');
  const requests = prepareRequests(shape);
  const records = recordsPerBatch(shape.recordBytes, shape.batchBytes);
  const channels: Channel[] = [];
  for (let index = 0; index < connections; index++) {
    const connection = await RawConnection.open(address.host, address.port);
    const producer = await producerOf(connection);
    const own = requests.filter((_, request) => request % connections === index);
    const sends = { requests: own, records, partitions: shape.partitions };
    channels.push(new KafkaChannel(connection, producer, sends, eventsOf(index)));
  }
  return { channels, verify: () => readBack(shape, requests) };
}

/** What a channel sends: the requests in turn, with so many records in each batch. */
interface Sends {
  readonly requests: readonly PreparedRequest[];
  readonly records: number;
  readonly partitions: number;
}

class KafkaChannel implements Channel {
  readonly #connection: RawConnection;
  readonly #producer: Producer;
  readonly #requests: readonly PreparedRequest[];
  readonly #records: number;
  #sent = 0;
  #acknowledged = 0;
  /** Of the next batch of each partition. */
  readonly #sequences: Uint32Array;

  constructor(
    connection: RawConnection,
    producer: Producer,
    { requests, records, partitions }: Sends,
    events: ChannelEvents,
  ) {
    this.#connection = connection;
    this.#producer = producer;
    this.#requests = requests;
    this.#records = records;
    this.#sequences = new Uint32Array(partitions);
    let response = Buffer.alloc(0);
    connection.receive({
      bytes: (chunk) => {
        response = response.length === 0 ? Buffer.from(chunk) : Buffer.concat([response, chunk]);
      },
      end: () => {
        const errorCode = firstError(response);
        response = Buffer.alloc(0);
        this.#taken();
        if (errorCode === 0) events.acknowledged();
        else events.failed(new Error(`Produce was answered with error ${errorCode}`));
      },
    });
  }

  send(): void {
    // All are on their way, and a socket may still hold this one: stamping it would change what was sent.
    const isHeld = this.#sent - this.#acknowledged >= this.#requests.length;
    const { frame: prepared, batches } = this.#requestAt(this.#sent++);
    const frame = isHeld ? Buffer.from(prepared) : prepared;
    const sequences = this.#sequences;
    for (const { partition, start, end } of batches) {
      const sequence = sequences[partition] as number;
      stampProducer(frame, start, end, this.#producer, sequence);
      sequences[partition] = (sequence + this.#records) % sequenceEnd;
    }
    this.#connection.send(frame);
  }

  close(): void {
    this.#connection.close();
  }

  #taken(): void {
    this.#requestAt(this.#acknowledged++).acknowledged++;
  }

  #requestAt(number: number): PreparedRequest {
    return this.#requests[number % this.#requests.length] as PreparedRequest;
  }
}

/** A new one, from a broker that may have been started just now. */
async function producerOf(connection: RawConnection): Promise<Producer> {
  const deadlineMs = performance.now() + loadingTimeoutMs;
  for (;;) {
    const response = await connection.ask(initProducerIdRequest());
    const errorCode = response.readInt16BE(8);
    if (errorCode === ErrorCode.NONE) return producerIn(response);
    const isLoading = errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
    if (!isLoading || performance.now() > deadlineMs) {
      throw new Error(`InitProducerId was answered with error ${errorCode}`);
    }
    await sleep(loadingPollMs);
  }
}

/** Of an InitProducerId v1 response, after its correlation id: throttle time, error, id, epoch. */
function producerIn(response: Buffer): Producer {
  const id = response.readUInt32BE(10) * 2 ** 32 + response.readUInt32BE(14);
  return { id, epoch: response.readInt16BE(18) };
}

/** The first error in a Produce v7 response of one topic; 0 if there is none. */
function firstError(response: Buffer): number {
  const nameBytes = response.readInt16BE(8);
  let at = 10 + nameBytes;
  const partitions = response.readInt32BE(at);
  at += 4;
  for (let partition = 0; partition < partitions; partition++) {
    const errorCode = response.readInt16BE(at + 4);
    if (errorCode !== 0) return errorCode;
    at += 30;
  }
  return 0;
}
