/** A Kafka client for the commands that talk to a running broker: one connection, one request at a time. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Address } from '../config/listener.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { Reader } from '../protocol/kafka/reader.js';
import { Writer } from '../protocol/kafka/writer.js';

/** For the connection, and for each answer. */
const timeoutMs = 10_000;
const clientId = 'kopje';

/** No broker answers there. */
export class BrokerUnreachable extends Error {
  override readonly name = 'BrokerUnreachable';
}

/** One API, as the generated modules export it. */
export interface Exchange<Request, Response> {
  readonly apiKey: number;
  readonly flexibleFrom: number;
  readonly version: number;
  readonly encode: (writer: Writer, request: Encodable<Request>, version: number) => void;
  readonly decode: (reader: Reader, version: number) => Response;
}

/** Asks a broker one thing. Throws BrokerUnreachable. */
export async function ask<Request, Response>(
  { host, port }: Address,
  exchange: Exchange<Request, Response>,
  request: Encodable<Request>,
): Promise<Response> {
  const socket = connect({ host, port, noDelay: true });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
  try {
    await once(socket, 'connect');
    socket.write(frameOf(exchange, request));
    const body = await answerOn(socket);
    const { version, flexibleFrom, decode } = exchange;
    return decode(new Reader(body, version >= flexibleFrom ? 5 : 4), version);
  } catch (error) {
    const reason = (error as Error).message;
    throw new BrokerUnreachable(`no Kafka broker answers at ${host}:${port}: ${reason}`);
  } finally {
    socket.destroy();
  }
}

function frameOf<Request>(
  { apiKey, version, flexibleFrom, encode }: Exchange<Request, unknown>,
  request: Encodable<Request>,
): Uint8Array {
  const writer = new Writer();
  writer.int32(0);
  writer.int16(apiKey);
  writer.int16(version);
  writer.int32(1);
  writer.string(clientId, false);
  if (version >= flexibleFrom) writer.uvarint(0);
  encode(writer, request, version);
  writer.setInt32(0, writer.byteLength - 4);
  return writer.finishWhole();
}

/** The first frame, without its length. */
async function answerOn(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for await (const bytes of socket) {
    received = Buffer.concat([received, bytes as Buffer]);
    if (received.length < 4) continue;
    const end = 4 + received.readInt32BE(0);
    if (received.length >= end) return received.subarray(4, end);
  }
  throw new Error('the connection was closed');
}
