import {
  type Channel,
  type ChannelEvents,
  type ProduceShape,
  recordsPerBatch,
} from '../channel.js';
import { RawConnection } from './raw-connection.js';
import { batchOf, produceRequest } from './requests.js';

const acks = -1;

/** One channel for each connection; a send is one Produce request. */
export async function openKafkaChannels(
  shape: ProduceShape,
  eventsOf: (index: number) => ChannelEvents,
): Promise<Channel[]> {
  const { address } = shape;
  if (address.protocol !== 'kafka') throw new Error('not an address of a Kafka broker');
  const requests = requestsOf(shape);
  const channels: Channel[] = [];
  let next = 0;
  for (let index = 0; index < shape.connections; index++) {
    const connection = await RawConnection.open(address.host, address.port);
    receive(connection, eventsOf(index));
    channels.push({
      send: () => connection.send(requests[next++ % requests.length] as Buffer),
      close: () => connection.close(),
    });
  }
  return channels;
}

function requestsOf(shape: ProduceShape): Buffer[] {
  const { topic, partitions, recordBytes, batchBytes, distinctSends } = shape;
  const records = recordsPerBatch(recordBytes, batchBytes);
  return Array.from({ length: distinctSends }, (_, request) => {
    const batches = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      batch: batchOf(records, recordBytes, request * partitions + partition),
    }));
    return produceRequest(topic, acks, batches);
  });
}

function receive(connection: RawConnection, events: ChannelEvents): void {
  let head = Buffer.alloc(0);
  connection.receive({
    bytes: (chunk) => {
      head = head.length === 0 ? Buffer.from(chunk) : Buffer.concat([head, chunk]);
    },
    end: () => {
      const errorCode = firstError(head);
      head = Buffer.alloc(0);
      if (errorCode === 0) events.acknowledged();
      else events.failed(new Error(`Produce was answered with error ${errorCode}`));
    },
  });
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
