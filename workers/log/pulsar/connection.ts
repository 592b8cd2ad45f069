import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import {
  type Command,
  type CommandFields,
  type CommandName,
  commandNumber,
  decodeCommand,
  protocolVersion,
} from '../../../engine/protocol/pulsar/commands.js';
import { uint32At } from '../../../engine/protocol/pulsar/envelope.js';
import { PulsarFormatError } from '../../../engine/protocol/pulsar/format-error.js';
import {
  commandFrame,
  HotCommand,
  lengthBytes,
  type ReceivedEntry,
  readMessage,
  readSendReceipt,
  type SendHead,
  type SendReceipt,
  sendHead,
} from '../../../engine/protocol/pulsar/frames.js';
import type { Authentication } from './authentication.js';
import { ConnectionLost } from './errors.js';
import { FrameRegion } from './frame-region.js';
import { PendingRequests, type Requestable } from './pending-requests.js';
import { SendWindow } from './send-window.js';
import type { BrokerAddress } from './service-url.js';

/** Pulsar's own default; a peer that says nothing for twice as long is gone. */
const keepAliveMs = 30_000;
/** CONNECT carries it, and a topic's stats tell of it. */
export const clientVersion = 'kopje';

/** What a broker says of a topic that it closes here. */
export interface Move {
  readonly topic: string;
  /** Of the broker that has it from now on; of the cluster, if it has left this one. */
  readonly url: string;
  readonly leavesCluster: boolean;
}

export interface ConnectionSettings {
  readonly address: BrokerAddress;
  readonly authentication: Authentication;
  /** For `pulsar+ssl`. */
  readonly tls: ConnectionOptions;
  /** Until the broker has accepted the connection, and for every answer, at most. */
  readonly operationTimeoutMs: number;
  /** Broker behind a Pulsar proxy; null without one. */
  readonly proxyToBrokerUrl: string | null;
  /** Told before whoever uses the topic hears that it is closed. */
  moved(move: Move): void;
}

/** Who hears of one producer's sends. */
export interface ProducerEvents {
  readonly topic: string;
  /** The receipt is the connection's own, for the length of the call. */
  receipt(receipt: SendReceipt): void;
  sendFailed(sequenceId: number, code: number, message: string): void;
  /** The broker closed it, or the connection ended. */
  closed(reason: Error): void;
}

/** Who hears of one consumer's entries. */
export interface ConsumerEvents {
  readonly topic: string;
  /** View and entry are the connection's own, for the length of the call. */
  entry(view: Buffer, entry: ReceivedEntry): void;
  endOfTopic(): void;
  closed(reason: Error): void;
}

/** Who hears of the topics of one namespace. */
export interface TopicListEvents {
  /** `persistent://…`, partitions each by itself. */
  changed(topics: readonly string[]): void;
  /** The broker gave the watch up, or the connection ended. */
  closed(reason: Error): void;
}

/**
 * One connection to a Pulsar broker. Commands are answered by request id; sends by receipt, in their order.
 * Whatever breaks the protocol ends the connection, and its end reaches everybody who uses it.
 */
export class PulsarConnection {
  /** Most bytes of metadata and payload that the broker takes. */
  maxMessageBytes = 0;
  /** Entries of all its producers that have no receipt. */
  readonly sendWindow = new SendWindow();
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<Error>;
  readonly #settings: ConnectionSettings;
  readonly #socket: Socket;
  readonly #region: FrameRegion;
  readonly #requests: PendingRequests;
  readonly #producers = new Map<number, ProducerEvents>();
  readonly #consumers = new Map<number, ConsumerEvents>();
  readonly #watchers = new Map<number, TopicListEvents>();
  readonly #receipt: SendReceipt = { producerId: -1, sequenceId: -1, ledgerId: -1, entryId: -1 };
  readonly #entry: ReceivedEntry = {
    consumerId: -1,
    ledgerId: -1,
    entryId: -1,
    index: -1,
    brokerTimestamp: -1,
    checksum: -1,
    metadataSizeAt: 0,
    metadataStart: 0,
    payloadStart: 0,
    end: 0,
    messageCount: 0,
  };
  #lastId = 0;
  #heard = true;
  #keepAlive: NodeJS.Timeout | null = null;
  #reason: Error | null = null;
  #settleClosed: (reason: Error) => void = () => {};
  #accepted: ((fields: CommandFields<'connected'>) => void) | null = null;
  #isCorked = false;
  readonly #uncork = (): void => {
    this.#isCorked = false;
    this.#socket.uncork();
  };

  private constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#requests = new PendingRequests(settings.operationTimeoutMs);
    this.#region = new FrameRegion((view, start, end) => this.#frame(view, start, end));
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#socket = this.#connect();
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('close', () => this.#end(new Error('the broker closed the connection')));
  }

  /** Connects and authenticates. Rejects with PulsarError or ConnectionLost. */
  static open(settings: ConnectionSettings): Promise<PulsarConnection> {
    return PulsarConnection.begin(settings).accepted();
  }

  /** Begins to connect; `accepted` once, next. */
  static begin(settings: ConnectionSettings): PulsarConnection {
    return new PulsarConnection(settings);
  }

  /** Resolves when it is connected and authenticated. Rejects with PulsarError or ConnectionLost. */
  async accepted(): Promise<PulsarConnection> {
    await this.#handshake();
    return this;
  }

  get isOpen(): boolean {
    return this.#reason === null;
  }

  /** Bytes that were sent and not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Resolves when nothing that was sent before is borrowed any more: the kernel has it, or the connection ended. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(new Uint8Array(0), () => resolve());
    });
  }

  /** A number for a producer or consumer of this connection. */
  newId(): number {
    return ++this.#lastId;
  }

  /** Sends a command and waits for its answer. Rejects with PulsarError or ConnectionLost. */
  request<N extends Requestable>(
    name: N,
    fields: Omit<CommandFields<N>, 'requestId'>,
    timeoutMs?: number | null,
  ): Promise<Command> {
    if (this.#reason !== null) return Promise.reject(this.#lost(this.#reason));
    const { requestId, answer } = this.#requests.add(name, timeoutMs);
    this.#socket.write(commandFrame(name, { ...fields, requestId } as CommandFields<N>));
    return answer;
  }

  /** Sends a command that has no answer. */
  tell<N extends CommandName>(name: N, fields: CommandFields<N>): void {
    if (this.#reason === null) this.#socket.write(commandFrame(name, fields));
  }

  /**
   * Sends an entry. Metadata and payload are borrowed until its receipt, or until the producer hears that the
   * connection ended. A command sent for a producer that is not open closes the connection.
   */
  send(head: SendHead, metadata: Uint8Array, payload: readonly Uint8Array[]): void {
    if (this.#reason !== null) return;
    if (!this.#isCorked) {
      // One write for all that a turn sends.
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(this.#uncork);
    }
    this.#socket.write(sendHead(head));
    this.#socket.write(metadata);
    for (const part of payload) this.#socket.write(part);
  }

  addProducer(producerId: number, events: ProducerEvents): void {
    this.#producers.set(producerId, events);
  }

  removeProducer(producerId: number): void {
    this.#producers.delete(producerId);
  }

  addConsumer(consumerId: number, events: ConsumerEvents): void {
    this.#consumers.set(consumerId, events);
  }

  removeConsumer(consumerId: number): void {
    this.#consumers.delete(consumerId);
  }

  addWatcher(watcherId: number, events: TopicListEvents): void {
    this.#watchers.set(watcherId, events);
  }

  removeWatcher(watcherId: number): void {
    this.#watchers.delete(watcherId);
  }

  close(): void {
    this.#end(new Error('closed'));
  }

  #connect(): Socket {
    const { address, tls } = this.#settings;
    const { host, port } = address;
    if (address.tls) {
      // Decrypted bytes come in buffers of their own: copied once.
      const socket = connectTls({ host, port, servername: host, ...tls });
      return socket.on('data', (bytes: Buffer) => {
        for (let at = 0; at < bytes.length && this.#reason === null; ) {
          const copied = bytes.copy(this.#region.free(), 0, at);
          at += copied;
          this.#received(copied);
        }
      });
    }
    const callback = (sizeBytes: number): boolean => {
      this.#received(sizeBytes);
      return true;
    };
    return connectTcp({ host, port, onread: { buffer: () => this.#region.free(), callback } });
  }

  async #handshake(): Promise<void> {
    const { authentication, proxyToBrokerUrl, operationTimeoutMs } = this.#settings;
    const { host, port } = this.#settings.address;
    const timer = setTimeout(
      () => this.#end(new Error(`no answer within ${operationTimeoutMs} ms`)),
      operationTimeoutMs,
    );
    try {
      const credentials = await authentication();
      const accepted = new Promise<CommandFields<'connected'>>((resolve) => {
        this.#accepted = resolve;
      });
      this.tell('connect', {
        clientVersion,
        protocolVersion,
        featureFlags: { authRefresh: true, brokerEntryMetadata: true, topicWatchers: true },
        ...(credentials && { authMethodName: credentials.method, authData: credentials.data }),
        ...(proxyToBrokerUrl !== null && { proxyToBrokerUrl }),
      });
      const answer = await Promise.race([accepted, this.closed]);
      if (answer instanceof Error) throw answer;
      this.maxMessageBytes = answer.maxMessageSize ?? 5 * 1024 * 1024;
      this.#region.allowMessagesOf(this.maxMessageBytes);
      this.#keepAlive = setInterval(() => this.#checkAlive(), keepAliveMs);
    } catch (error) {
      this.#end(error as Error);
      throw new ConnectionLost(`${host}:${port}: ${(error as Error).message}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #checkAlive(): void {
    if (!this.#heard) {
      this.#end(new Error(`the broker said nothing for ${(2 * keepAliveMs) / 1000} s`));
      return;
    }
    this.#heard = false;
    this.tell('ping', {});
  }

  #received(sizeBytes: number): void {
    if (this.#reason !== null) return;
    this.#heard = true;
    try {
      this.#region.received(sizeBytes);
    } catch (error) {
      // A handler's own fault must not pass for the broker's.
      if (!(error instanceof PulsarFormatError)) throw error;
      this.#end(error);
    }
  }

  #frame(view: Buffer, start: number, end: number): void {
    if (this.#reason !== null) return;
    if (end - start < lengthBytes) throw new PulsarFormatError('a frame without a command');
    const commandStart = start + lengthBytes;
    const commandEnd = commandStart + uint32At(view, start);
    if (commandEnd > end) throw new PulsarFormatError('a command ends beyond its frame');
    const number = commandNumber(view.subarray(commandStart, commandEnd));
    if (number === HotCommand.sendReceipt) {
      readSendReceipt(view, commandStart, commandEnd, this.#receipt);
      this.#producers.get(this.#receipt.producerId)?.receipt(this.#receipt);
    } else if (number === HotCommand.message) {
      readMessage(view, commandStart, commandEnd, end, this.#entry);
      this.#consumers.get(this.#entry.consumerId)?.entry(view, this.#entry);
    } else {
      const command = decodeCommand(view.subarray(commandStart, commandEnd));
      if (command !== null) this.#take(command);
    }
  }

  #take(command: Command): void {
    switch (command.name) {
      case 'connected':
        this.#accepted?.(command.fields);
        return;
      case 'ping':
        this.tell('pong', {});
        return;
      case 'sendError': {
        const { producerId, sequenceId, error, message } = command.fields;
        this.#producers.get(producerId)?.sendFailed(sequenceId, error, message);
        return;
      }
      case 'closeProducer':
        this.#closeUser(this.#producers, command.fields.producerId, command.fields);
        return;
      case 'closeConsumer':
        this.#closeUser(this.#consumers, command.fields.consumerId, command.fields);
        return;
      case 'watchTopicUpdate': {
        const { watcherId, newTopics, deletedTopics } = command.fields;
        this.#watchers.get(watcherId)?.changed([...newTopics, ...deletedTopics]);
        return;
      }
      case 'watchTopicListClose': {
        const events = this.#watchers.get(command.fields.watcherId);
        this.#watchers.delete(command.fields.watcherId);
        events?.closed(new Error('the broker closed the watch of a namespace'));
        return;
      }
      case 'reachedEndOfTopic':
        this.#consumers.get(command.fields.consumerId)?.endOfTopic();
        return;
      case 'topicMigrated':
        this.#migrated(command.fields);
        return;
      case 'authChallenge':
        void this.#authenticateAgain();
        return;
      case 'error':
        // Before CONNECTED an error has no request.
        if (!this.#requests.settle(command)) this.#end(new Error(command.fields.message));
        return;
      default:
        this.#requests.settle(command);
    }
  }

  /** The broker gives a topic away, or unloads it. */
  #closeUser(
    users: Map<number, ProducerEvents | ConsumerEvents>,
    id: number,
    fields: {
      readonly assignedBrokerServiceUrl?: string | undefined;
      readonly assignedBrokerServiceUrlTls?: string | undefined;
    },
  ): void {
    const events = users.get(id);
    if (events === undefined) return;
    users.delete(id);
    const { address, moved } = this.#settings;
    const url = address.tls ? fields.assignedBrokerServiceUrlTls : fields.assignedBrokerServiceUrl;
    if (url) moved({ topic: events.topic, url, leavesCluster: false });
    events.closed(new Error(`the broker closed ${events.topic}${url ? `: it is at ${url}` : ''}`));
  }

  /** PIP-188: the topic lives in another cluster from now on. */
  #migrated(fields: CommandFields<'topicMigrated'>): void {
    const { address, moved } = this.#settings;
    const url = address.tls ? fields.brokerServiceUrlTls : fields.brokerServiceUrl;
    const users: Map<number, ProducerEvents | ConsumerEvents> =
      fields.resourceType === 0 ? this.#producers : this.#consumers;
    const events = users.get(fields.resourceId);
    if (events === undefined) return;
    users.delete(fields.resourceId);
    if (url) moved({ topic: events.topic, url, leavesCluster: true });
    events.closed(new Error(`${events.topic} was migrated to ${url ?? 'another cluster'}`));
  }

  async #authenticateAgain(): Promise<void> {
    try {
      const credentials = await this.#settings.authentication();
      if (credentials === null) throw new Error('the broker wants credentials, and there are none');
      const { method, data } = credentials;
      const response = { authMethodName: method, authData: data };
      this.tell('authResponse', { clientVersion, protocolVersion, response });
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #lost(reason: Error): ConnectionLost {
    const { host, port } = this.#settings.address;
    return new ConnectionLost(`${host}:${port}: ${reason.message}`, { cause: reason });
  }

  #end(reason: Error): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    if (this.#keepAlive !== null) clearInterval(this.#keepAlive);
    this.#socket.destroy();
    const lost = this.#lost(reason);
    this.#requests.failAll(lost);
    const users = [
      ...this.#producers.values(),
      ...this.#consumers.values(),
      ...this.#watchers.values(),
    ];
    this.#producers.clear();
    this.#consumers.clear();
    this.#watchers.clear();
    this.#settleClosed(lost);
    for (const events of users) events.closed(lost);
  }
}
