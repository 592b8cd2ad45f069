/**
 * The commands of Pulsar's binary protocol that Kopje sends and receives (`PulsarApi.proto`, protocol version 20),
 * without the hot ones: SEND, SEND_RECEIPT and MESSAGE have codecs of their own in `hot-commands.ts`.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { PulsarFormatError } from './format-error.js';
import {
  bool,
  bytes,
  type FieldsOf,
  int32,
  list,
  type MessageType,
  message,
  nested,
  optional,
  text,
  uint64,
} from './message-type.js';

/** A broker that answers with the index of an entry wants at least 18; this is what Pulsar 4.0 speaks. */
export const protocolVersion = 20;

/** `CommandProducer.producer_access_mode`. */
export const AccessMode = {
  shared: 0,
  exclusive: 1,
  waitForExclusive: 2,
  exclusiveWithFencing: 3,
} as const;
export type AccessMode = (typeof AccessMode)[keyof typeof AccessMode];

/** `CommandSubscribe.subType`. */
export const SubscriptionType = { exclusive: 0, shared: 1, failover: 2, keyShared: 3 } as const;

/** `CommandLookupTopicResponse.response`. */
export const LookupResult = { redirect: 0, connect: 1, failed: 2 } as const;

/** `ServerError`. */
export const ServerError = {
  UnknownError: 0,
  MetadataError: 1,
  PersistenceError: 2,
  AuthenticationError: 3,
  AuthorizationError: 4,
  ConsumerBusy: 5,
  ServiceNotReady: 6,
  ProducerBlockedQuotaExceededError: 7,
  ProducerBlockedQuotaExceededException: 8,
  ChecksumError: 9,
  UnsupportedVersionError: 10,
  TopicNotFound: 11,
  SubscriptionNotFound: 12,
  ConsumerNotFound: 13,
  TooManyRequests: 14,
  TopicTerminatedError: 15,
  ProducerBusy: 16,
  InvalidTopicName: 17,
  IncompatibleSchema: 18,
  ConsumerAssignError: 19,
  TransactionCoordinatorNotFound: 20,
  InvalidTxnStatus: 21,
  NotAllowedError: 22,
  TransactionConflict: 23,
  TransactionNotFound: 24,
  ProducerFenced: 25,
} as const;

const serverErrorNames = new Map<number, string>(
  Object.entries(ServerError).map(([name, code]) => [code, name]),
);

/** The name of a `ServerError` as Pulsar writes it. */
export function serverErrorName(code: number): string {
  return serverErrorNames.get(code) ?? `ServerError ${code}`;
}

const featureFlags = message({
  authRefresh: optional(bool(1)),
  brokerEntryMetadata: optional(bool(2)),
  partialProducer: optional(bool(3)),
  topicWatchers: optional(bool(4)),
  partitionedMetadataWithoutAutoCreation: optional(bool(5)),
});
/** Of an entry; -1 stands for Pulsar's 2^64 - 1, "none". */
const messageId = message({
  ledgerId: uint64(1),
  entryId: uint64(2),
  partition: optional(int32(3)),
  batchIndex: optional(int32(4)),
});
export type MessageId = FieldsOf<typeof messageId>;
const authData = message({ authMethodName: optional(text(1)), authData: optional(bytes(2)) });
const requestId = uint64;
const noFields = message({});

/** Number in `BaseCommand` (which is the value of its `type`) and fields of each command. */
const definitions = {
  connect: [
    2,
    message({
      clientVersion: text(1),
      authData: optional(bytes(3)),
      protocolVersion: optional(int32(4)),
      authMethodName: optional(text(5)),
      proxyToBrokerUrl: optional(text(6)),
      featureFlags: optional(nested(10, featureFlags)),
    }),
  ],
  connected: [
    3,
    message({
      serverVersion: text(1),
      protocolVersion: optional(int32(2)),
      maxMessageSize: optional(int32(3)),
      featureFlags: optional(nested(4, featureFlags)),
    }),
  ],
  subscribe: [
    4,
    message({
      topic: text(1),
      subscription: text(2),
      subType: int32(3),
      consumerId: uint64(4),
      requestId: requestId(5),
      consumerName: optional(text(6)),
      durable: optional(bool(8)),
      startMessageId: optional(nested(9, messageId)),
      initialPosition: optional(int32(13)),
      forceTopicCreation: optional(bool(15)),
    }),
  ],
  producer: [
    5,
    message({
      topic: text(1),
      producerId: uint64(2),
      requestId: requestId(3),
      producerName: optional(text(4)),
      epoch: optional(uint64(8)),
      userProvidedProducerName: optional(bool(9)),
      producerAccessMode: optional(int32(10)),
      topicEpoch: optional(uint64(11)),
    }),
  ],
  sendError: [
    8,
    message({ producerId: uint64(1), sequenceId: uint64(2), error: int32(3), message: text(4) }),
  ],
  flow: [11, message({ consumerId: uint64(1), messagePermits: int32(2) })],
  success: [13, message({ requestId: requestId(1) })],
  error: [14, message({ requestId: requestId(1), error: int32(2), message: text(3) })],
  closeProducer: [
    15,
    message({
      producerId: uint64(1),
      requestId: requestId(2),
      assignedBrokerServiceUrl: optional(text(3)),
      assignedBrokerServiceUrlTls: optional(text(4)),
    }),
  ],
  closeConsumer: [
    16,
    message({
      consumerId: uint64(1),
      requestId: requestId(2),
      assignedBrokerServiceUrl: optional(text(3)),
      assignedBrokerServiceUrlTls: optional(text(4)),
    }),
  ],
  producerSuccess: [
    17,
    message({
      requestId: requestId(1),
      producerName: text(2),
      lastSequenceId: optional(uint64(3)),
      topicEpoch: optional(uint64(5)),
      producerReady: optional(bool(6)),
    }),
  ],
  ping: [18, noFields],
  pong: [19, noFields],
  partitionedMetadata: [
    21,
    message({
      topic: text(1),
      requestId: requestId(2),
      metadataAutoCreationEnabled: optional(bool(6)),
    }),
  ],
  partitionedMetadataResponse: [
    22,
    message({
      partitions: optional(int32(1)),
      requestId: requestId(2),
      response: optional(int32(3)),
      error: optional(int32(4)),
      message: optional(text(5)),
    }),
  ],
  lookup: [
    23,
    message({
      topic: text(1),
      requestId: requestId(2),
      authoritative: optional(bool(3)),
      advertisedListenerName: optional(text(7)),
    }),
  ],
  lookupResponse: [
    24,
    message({
      brokerServiceUrl: optional(text(1)),
      brokerServiceUrlTls: optional(text(2)),
      response: optional(int32(3)),
      requestId: requestId(4),
      authoritative: optional(bool(5)),
      error: optional(int32(6)),
      message: optional(text(7)),
      proxyThroughServiceUrl: optional(bool(8)),
    }),
  ],
  reachedEndOfTopic: [27, message({ consumerId: uint64(1) })],
  getLastMessageId: [29, message({ consumerId: uint64(1), requestId: requestId(2) })],
  getLastMessageIdResponse: [
    30,
    message({ lastMessageId: nested(1, messageId), requestId: requestId(2) }),
  ],
  activeConsumerChange: [31, message({ consumerId: uint64(1), isActive: optional(bool(2)) })],
  getTopicsOfNamespace: [
    32,
    message({
      requestId: requestId(1),
      namespace: text(2),
      mode: optional(int32(3)),
      topicsPattern: optional(text(4)),
      topicsHash: optional(text(5)),
    }),
  ],
  getTopicsOfNamespaceResponse: [
    33,
    message({
      requestId: requestId(1),
      topics: list(text(2)),
      filtered: optional(bool(3)),
      topicsHash: optional(text(4)),
      changed: optional(bool(5)),
    }),
  ],
  authChallenge: [
    36,
    message({
      serverVersion: optional(text(1)),
      challenge: optional(nested(2, authData)),
      protocolVersion: optional(int32(3)),
    }),
  ],
  authResponse: [
    37,
    message({
      clientVersion: optional(text(1)),
      response: optional(nested(2, authData)),
      protocolVersion: optional(int32(3)),
    }),
  ],
  watchTopicList: [
    64,
    message({
      requestId: requestId(1),
      watcherId: uint64(2),
      namespace: text(3),
      topicsPattern: text(4),
      topicsHash: optional(text(5)),
    }),
  ],
  watchTopicListSuccess: [
    65,
    message({
      requestId: requestId(1),
      watcherId: uint64(2),
      topics: list(text(3)),
      topicsHash: text(4),
    }),
  ],
  watchTopicUpdate: [
    66,
    message({
      watcherId: uint64(1),
      newTopics: list(text(2)),
      deletedTopics: list(text(3)),
      topicsHash: text(4),
    }),
  ],
  watchTopicListClose: [67, message({ requestId: requestId(1), watcherId: uint64(2) })],
  topicMigrated: [
    68,
    message({
      resourceId: uint64(1),
      resourceType: int32(2),
      brokerServiceUrl: optional(text(3)),
      brokerServiceUrlTls: optional(text(4)),
    }),
  ],
} as const;

type Definitions = typeof definitions;
export type CommandName = keyof Definitions;
/** The fields of one command. */
export type CommandFields<N extends CommandName> = FieldsOf<Definitions[N][1]>;
/** A command with its fields. */
export type Command = {
  [N in CommandName]: { readonly name: N; readonly fields: CommandFields<N> };
}[CommandName];

/** Fields of `BaseCommand`: the type, then the command in the field of that number. */
const typeField = 1;
const byNumber = new Map<number, CommandName>(
  Object.entries(definitions).map(([name, [number]]) => [number, name as CommandName]),
);

/** A `BaseCommand`. */
export function encodeCommand<N extends CommandName>(
  name: N,
  fields: CommandFields<N>,
): Uint8Array {
  const [number, type] = definitions[name] as unknown as [number, MessageType<CommandFields<N>>];
  const writer = new BinaryWriter();
  writer.tag(typeField, WireType.Varint).int32(number);
  writer.tag(number, WireType.LengthDelimited);
  return type.encode(fields, writer.fork()).join().finish();
}

/** Number of the command in `view`: the `type` of the `BaseCommand`. Throws PulsarFormatError. */
export function commandNumber(view: Uint8Array): number {
  // Every writer of Pulsar puts the type first, and every type is below 128.
  if (view.length < 2 || view[0] !== 0x08 || (view[1] as number) > 0x7f) {
    throw new PulsarFormatError('a command does not begin with its type');
  }
  return view[1] as number;
}

/** Reads a `BaseCommand`; null for a command that Kopje does not know. Throws PulsarFormatError. */
export function decodeCommand(view: Uint8Array): Command | null {
  const number = commandNumber(view);
  const name = byNumber.get(number);
  if (name === undefined) return null;
  const type = definitions[name][1] as MessageType<unknown>;
  try {
    const reader = new BinaryReader(view);
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === number && wireType === WireType.LengthDelimited) {
        return { name, fields: type.decode(reader, reader.uint32()) } as Command;
      }
      reader.skip(wireType, field);
    }
  } catch (error) {
    if (error instanceof PulsarFormatError) throw error;
    throw new PulsarFormatError(`${name}: ${(error as Error).message}`, { cause: error });
  }
  throw new PulsarFormatError(`a command of type ${name} without its fields`);
}
