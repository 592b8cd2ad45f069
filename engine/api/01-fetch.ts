/**
 * Fetch (key 1), versions 4–18.
 *
 * Waits until `minBytes` are there over all partitions, without holding memory, then reads in the
 * partitions' workers; record bytes go from the worker's reply slab to the socket uncopied.
 * - Sessions (KIP-227): a bounded cache; an incremental response holds only what changed.
 * - v13+ names topics by id (KIP-516). An offset inside a batch returns the whole batch.
 * - The first partition with bytes gets one whole batch even beyond the limits (KIP-74); in a session,
 *   partitions that got bytes go behind the others.
 * - Never beyond the high watermark, which is the end of what would survive a power cut.
 * - With READ_COMMITTED never beyond the last stable offset, and with the aborted transactions of what is
 *   read: those that KoP left, since no new ones are taken yet.
 * Absent: fetches of followers (replica ids are ignored), preferred read replicas (KIP-392).
 */
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeFetchRequest,
  type FetchRequest,
  fetchRequestVersions,
} from '../protocol/kafka/messages/fetch-request.js';
import {
  encodeFetchResponse,
  type FetchResponse,
} from '../protocol/kafka/messages/fetch-response.js';
import { FetchInFlight } from '../wait/fetch-in-flight.js';
import type { FetchItem } from '../wait/fetch-item.js';
import { type FetchPartition, type FetchSession, partitionKey } from '../wait/fetch-session.js';
import type { Api, InFlight } from './api.js';
import type { Services } from './services.js';

const topicIdFromVersion = 13;
const initialEpoch = 0;
const finalEpoch = -1;
const maxEpoch = 0x7fff_ffff;
const readCommitted = 1;
/** What a session remembers of a partition that it has not told anything of. */
const untold = -2;

/** What a request fetches from: a session, or its own list. */
interface FetchContext {
  readonly session: FetchSession | null;
  /** The response names only what changed. */
  readonly incremental: boolean;
  readonly partitions: Iterable<FetchPartition>;
}

type FetchTopicMessage = FetchRequest['topics'][number];
type FetchPartitionMessage = FetchTopicMessage['partitions'][number];

function asked(topic: FetchTopicMessage, message: FetchPartitionMessage): FetchPartition {
  return {
    topic: topic.topic,
    topicId: topic.topicId,
    partition: message.partition,
    fetchOffset: message.fetchOffset,
    maxBytes: message.partitionMaxBytes,
    currentLeaderEpoch: message.currentLeaderEpoch,
    lastFetchedEpoch: message.lastFetchedEpoch,
    toldHighWatermark: untold,
    toldLogStartOffset: untold,
  };
}

function askedOf(message: FetchRequest): Map<string, FetchPartition> {
  const partitions = new Map<string, FetchPartition>();
  for (const topic of message.topics) {
    for (const part of topic.partitions) {
      const partition = asked(topic, part);
      partitions.set(partitionKey(partition), partition);
    }
  }
  return partitions;
}

/** Applies an incremental request to its session: new and changed partitions, then the forgotten ones. */
function updateSession(session: FetchSession, message: FetchRequest): void {
  for (const [key, partition] of askedOf(message)) {
    const known = session.partitions.get(key);
    if (known) {
      known.fetchOffset = partition.fetchOffset;
      known.maxBytes = partition.maxBytes;
      known.currentLeaderEpoch = partition.currentLeaderEpoch;
      known.lastFetchedEpoch = partition.lastFetchedEpoch;
    } else {
      session.partitions.set(key, partition);
    }
  }
  for (const { topic, topicId, partitions } of message.forgottenTopicsData) {
    for (const partition of partitions) {
      session.partitions.delete(partitionKey({ topic, topicId, partition }));
    }
  }
}

/** The context of a request as KIP-227 defines it, or the error that the whole request gets. */
function contextOf(
  message: FetchRequest,
  version: number,
  services: Services,
): FetchContext | number {
  const { sessions } = services;
  const byId = version >= topicIdFromVersion;
  const { sessionId, sessionEpoch } = message;
  if (sessionEpoch === finalEpoch || sessionEpoch === initialEpoch) {
    if (sessionId !== 0) sessions.close(sessionId);
    const partitions = askedOf(message);
    const session =
      sessionEpoch === initialEpoch ? sessions.open(byId, partitions, services.now()) : null;
    return { session, incremental: false, partitions: partitions.values() };
  }
  const session = sessions.get(sessionId);
  if (session === undefined) return ErrorCode.FETCH_SESSION_ID_NOT_FOUND;
  if (session.epoch !== sessionEpoch) return ErrorCode.INVALID_FETCH_SESSION_EPOCH;
  if (session.usesTopicIds !== byId) return ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR;
  updateSession(session, message);
  session.epoch = session.epoch === maxEpoch ? 1 : session.epoch + 1;
  if (!sessions.touch(session, services.now())) return ErrorCode.FETCH_SESSION_ID_NOT_FOUND;
  return { session, incremental: true, partitions: session.partitions.values() };
}

/** Whether an incremental response has to name a partition; remembers what the client is told. */
function isNews(item: FetchItem): boolean {
  const { asked: told } = item;
  const news =
    item.errorCode !== ErrorCode.NONE ||
    item.records.length > 0 ||
    told.toldHighWatermark !== item.highWatermark ||
    told.toldLogStartOffset !== item.logStartOffset;
  told.toldHighWatermark = item.errorCode === ErrorCode.NONE ? item.highWatermark : untold;
  told.toldLogStartOffset = item.logStartOffset;
  return news;
}

/** In Kafka, partitions that nobody knows have an empty list as well. */
function hasTransactionList(item: FetchItem, committed: boolean): boolean {
  return item.ref === undefined || (committed && item.errorCode === ErrorCode.NONE);
}

type FetchableTopic = FetchResponse['responses'][number];

/** Groups the items by topic, in the order in which they were served. */
function responsesOf(
  fetch: FetchInFlight,
  incremental: boolean,
  committed: boolean,
): Encodable<FetchableTopic>[] {
  const responses: {
    topic: string;
    topicId: string;
    partitions: Encodable<FetchableTopic['partitions'][number]>[];
  }[] = [];
  let current = responses[0];
  for (const item of fetch.items) {
    const { topic, topicId, partition } = item.asked;
    const news = isNews(item);
    if (incremental && !news) continue;
    if (current === undefined || current.topic !== topic || current.topicId !== topicId) {
      current = { topic, topicId, partitions: [] };
      responses.push(current);
    }
    current.partitions.push({
      partitionIndex: partition,
      errorCode: item.errorCode,
      highWatermark: item.highWatermark,
      lastStableOffset: item.lastStableOffset,
      logStartOffset: item.logStartOffset,
      abortedTransactions: hasTransactionList(item, committed) ? item.aborted : null,
      preferredReadReplica: -1,
      records: item.records,
    });
  }
  return responses;
}

function answer(
  request: InFlight,
  fetch: FetchInFlight,
  context: FetchContext,
  committed: boolean,
): void {
  const { session, incremental } = context;
  const response: Encodable<FetchResponse> = {
    sessionId: session?.id ?? 0,
    responses: responsesOf(fetch, incremental, committed),
  };
  const served = fetch.items.filter((item) => item.records.length > 0);
  session?.rotate(served.map((item) => item.asked));
  request.reply(
    (writer) => encodeFetchResponse(writer, response, request.apiVersion),
    // The bytes belong to the socket until they are written.
    () => fetch.release(),
  );
}

/** What is read holds reply memory until the peer has taken it; what is sent from files holds none. */
function mostBytes({ settings, files }: Services): number {
  const { fetchMaxBytes, maxReplyBytesPerConnection } = settings;
  return files === null ? Math.min(fetchMaxBytes, maxReplyBytesPerConnection) : fetchMaxBytes;
}

export const fetch: Api = {
  key: fetchRequestVersions.apiKey,
  name: 'Fetch',
  minVersion: 4,
  maxVersion: 18,
  flexibleFrom: fetchRequestVersions.flexibleFrom,
  overlap: 'none',
  authorization: 'topic:read',
  handle(request, services) {
    const version = request.apiVersion;
    const message = decodeFetchRequest(request.reader, version);
    request.releaseFrame();
    const context = contextOf(message, version, services);
    if (typeof context === 'number') {
      request.reply((writer) => encodeFetchResponse(writer, { errorCode: context }, version));
      return;
    }
    const committed = message.isolationLevel === readCommitted;
    const limits = {
      maxWaitMs: message.maxWaitMs,
      minBytes: message.minBytes,
      maxBytes: Math.min(message.maxBytes, mostBytes(services)),
      readCommitted: committed,
      byId: version >= topicIdFromVersion,
    };
    const done = (ended: FetchInFlight): void => answer(request, ended, context, committed);
    new FetchInFlight(request, services, context.partitions, limits, done).start();
  },
};
