/** A Pulsar broker that answers as the test tells it to, over real sockets. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Test } from 'tap';
import {
  type Command,
  type CommandFields,
  type CommandName,
  decodeCommand,
} from '../../../../engine/protocol/pulsar/commands.js';
import { commandFrame } from '../../../../engine/protocol/pulsar/frames.js';
import type { BrokerAddress } from '../../../../workers/log/pulsar/service-url.js';
import {
  bytesOf,
  frameOf,
  receiptCommand,
  sendCommand,
} from '../../../engine/protocol/pulsar/hot-messages.js';

/** A SEND as it came. */
export interface Sent {
  readonly producerId: number;
  readonly sequenceId: number;
  readonly messageCount: number;
  /** Everything behind the command. */
  readonly entry: Buffer;
}

/** One client's connection, seen from the broker. */
export class Peer {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  tell<N extends CommandName>(name: N, fields: CommandFields<N>): void {
    this.socket.write(commandFrame(name, fields));
  }

  receipt(sent: Pick<Sent, 'producerId' | 'sequenceId'>, ledgerId: number, entryId: number): void {
    const { producerId, sequenceId } = sent;
    const sendReceipt = { producerId, sequenceId, messageId: { ledgerId, entryId } };
    this.socket.write(frameOf(bytesOf(receiptCommand, { type: 7, sendReceipt })));
  }
}

type Handlers = {
  [N in CommandName]?: (fields: CommandFields<N>, peer: Peer) => void;
} & { send?: (sent: Sent, peer: Peer) => void };

export class FakeBroker {
  readonly address: BrokerAddress;
  readonly peers: Peer[] = [];
  /** What came, in order; SEND is not among them. */
  readonly commands: Command[] = [];
  readonly #handlers: Handlers;
  readonly #waiting: { name: CommandName; resolve(): void }[] = [];

  constructor(address: BrokerAddress, handlers: Handlers) {
    this.address = address;
    this.#handlers = {
      connect: (_, peer) =>
        peer.tell('connected', {
          serverVersion: 'fake',
          protocolVersion: 20,
          maxMessageSize: 1000,
        }),
      lookup: ({ requestId }, peer) =>
        peer.tell('lookupResponse', {
          requestId,
          response: 1,
          brokerServiceUrl: `pulsar://${address.host}:${address.port}`,
        }),
      producer: ({ requestId, topicEpoch = 0 }, peer) =>
        peer.tell('producerSuccess', { requestId, producerName: 'p', topicEpoch }),
      subscribe: ({ requestId }, peer) => peer.tell('success', { requestId }),
      closeProducer: ({ requestId }, peer) => peer.tell('success', { requestId }),
      closeConsumer: ({ requestId }, peer) => peer.tell('success', { requestId }),
      ...handlers,
    };
  }

  /** Starts one that ends with the test. */
  static async start(t: Test, handlers: Handlers = {}): Promise<FakeBroker> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const broker = new FakeBroker({ host: '127.0.0.1', port, tls: false }, handlers);
    server.on('connection', (socket) => broker.#serve(socket));
    t.teardown(() => {
      for (const { socket } of broker.peers) socket.destroy();
      server.close();
    });
    return broker;
  }

  /** Resolves when the next command of that name has come. */
  next(name: CommandName): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ name, resolve }));
  }

  #serve(socket: Socket): void {
    const peer = new Peer(socket);
    this.peers.push(peer);
    let unread = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      // Nothing is heard of a connection that was cut.
      while (
        !socket.destroyed &&
        unread.length >= 4 &&
        unread.length >= 4 + unread.readUInt32BE(0)
      ) {
        const end = 4 + unread.readUInt32BE(0);
        this.#take(unread.subarray(4, end), peer);
        unread = unread.subarray(end);
      }
    });
  }

  #take(frame: Buffer, peer: Peer): void {
    const commandBytes = frame.readUInt32BE(0);
    const view = frame.subarray(4, 4 + commandBytes);
    if (view[1] === 6) {
      const { send } = sendCommand.decode(new BinaryReader(view), view.length);
      const { producerId, sequenceId, numMessages = 1 } = send;
      const entry = Buffer.from(frame.subarray(4 + commandBytes));
      this.#handlers.send?.({ producerId, sequenceId, messageCount: numMessages, entry }, peer);
      return;
    }
    const command = decodeCommand(view);
    if (command === null) throw new Error(`the client sent command ${view[1]}`);
    this.commands.push(command);
    const handler = this.#handlers[command.name] as
      | ((fields: unknown, peer: Peer) => void)
      | undefined;
    handler?.(command.fields, peer);
    const index = this.#waiting.findIndex(({ name }) => name === command.name);
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.resolve();
  }
}
