/**
 * Produce (key 0), versions 3–13.
 *
 * Each partition's record set becomes one descriptor on the ring of the worker that owns the partition;
 * the answer goes out when the last of them came back. Record bytes are not looked at on this thread.
 * - Produce may follow Produce on a connection before it is answered: submissions keep their order.
 * - acks=0 has no response; an error closes the connection, as Kafka does, so that the client notices.
 * - v13 names topics by id (KIP-516). The leader hints of v10+ (KIP-951) stay away: there is one leader.
 * - v0–2 are refused: they carry message formats that Kafka 4 has given up (KIP-724, KIP-896).
 * - A transactional batch in a request without a transactional id fails the whole request, as in Kafka.
 * Absent: transactional records (KIP-98); the worker refuses such batches.
 */
import { unpackDetail } from '../../workers/ring/detail.js';
import { EnvelopeFault } from '../../workers/ring/refusal.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  decodeProduceRequest,
  type ProduceRequest,
  produceRequestVersions,
} from '../protocol/kafka/messages/produce-request.js';
import {
  encodeProduceResponse,
  type ProduceResponse,
} from '../protocol/kafka/messages/produce-response.js';
import { MAGIC_V2 } from '../protocol/kafka/record-batch.js';
import type { PartitionRef } from '../route/partition-port.js';
import type { Channel, Completable, Completion } from '../route/ring-port.js';
import type { Api, InFlight } from './api.js';
import type { Services } from './services.js';

type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number];
type PartitionAnswer = {
  -readonly [Field in keyof Encodable<PartitionResponse>]: Encodable<PartitionResponse>[Field];
};

/** First version whose clients may send Zstandard (KIP-110). */
const zstdFromVersion = 7;
/** First version that names topics by id. */
const topicIdFromVersion = 13;
/** Positions of the magic and, in a batch v2, of the low attribute byte with the compression bits. */
const magicAt = 16;
const attributesAt = 22;
const compressionMask = 0b111;
const zstd = 4;
const transactionalBit = 0x10;
/** The admin client of Kafka's own tools may write internal topics; nobody else. */
const adminClientId = '__admin_client';

/** The error that a partition is refused with before anything is submitted, or 0. */
function refusal(
  request: InFlight,
  topic: { internal: boolean } | undefined,
  ref: PartitionRef | undefined,
  records: Uint8Array | null,
): number {
  const byId = request.apiVersion >= topicIdFromVersion;
  if (topic === undefined) {
    return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  }
  if (ref === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (topic.internal && request.clientId !== adminClientId)
    return ErrorCode.INVALID_TOPIC_EXCEPTION;
  if (!ref.online) return ref.offlineErrorCode;
  if (records === null || records.length === 0) return ErrorCode.INVALID_RECORD;
  if (request.apiVersion < zstdFromVersion && records.length > attributesAt) {
    const compression = (records[attributesAt] as number) & compressionMask;
    if (compression === zstd) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE;
  }
  return ErrorCode.NONE;
}

/** The error that every partition of a request gets whatever it holds, or 0. */
function refusalOfAll({ acks, transactionalId, topicData }: ProduceRequest): number {
  if (acks !== -1 && acks !== 0 && acks !== 1) return ErrorCode.INVALID_REQUIRED_ACKS;
  if (transactionalId !== null) return ErrorCode.NONE;
  const isTransaction = topicData.some(({ partitionData }) =>
    partitionData.some(({ records }) => isTransactional(records)),
  );
  return isTransaction ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED : ErrorCode.NONE;
}

function isTransactional(records: Uint8Array | null): boolean {
  if (records === null || records.length <= attributesAt) return false;
  return (
    ((records[attributesAt] as number) & transactionalBit) !== 0 && records[magicAt] === MAGIC_V2
  );
}

/** One Produce request while its record sets are with the workers. */
class ProduceInFlight implements Completable {
  readonly #request: InFlight;
  readonly #acks: number;
  readonly #services: Services;
  readonly #response: { name: string; topicId: string; partitionResponses: PartitionAnswer[] }[] =
    [];
  readonly #answers: PartitionAnswer[] = [];
  /** The topic of each answer. */
  readonly #topics: string[] = [];
  #waiting = 1;
  #failed = false;

  constructor(request: InFlight, acks: number, services: Services) {
    this.#request = request;
    this.#acks = acks;
    this.#services = services;
  }

  submit(message: ProduceRequest): void {
    const { catalog, rings } = this.#services;
    const byId = this.#request.apiVersion >= topicIdFromVersion;
    const refused = refusalOfAll(message);
    for (const { name, topicId, partitionData } of message.topicData) {
      if (partitionData.length === 0) continue;
      const topic = byId ? catalog.topicById(topicId) : catalog.topic(name);
      const partitionResponses: PartitionAnswer[] = [];
      this.#response.push({ name, topicId, partitionResponses });
      for (const { index, records } of partitionData) {
        const answer: PartitionAnswer = { index, errorCode: 0, baseOffset: -1, logStartOffset: -1 };
        partitionResponses.push(answer);
        const at = this.#answers.push(answer) - 1;
        this.#topics.push(topic?.name ?? name);
        const ref = topic?.partitions[index];
        const errorCode = refused || refusal(this.#request, topic, ref, records);
        if (errorCode !== ErrorCode.NONE || ref === undefined || records === null) {
          answer.errorCode = errorCode;
          const isEmpty = errorCode === ErrorCode.INVALID_RECORD;
          this.#refused(at, isEmpty ? EnvelopeFault.noBatch : 0);
          continue;
        }
        this.#waiting++;
        rings.submitAppend(ref, records.byteOffset, records.length, this.#acks, this, at);
      }
    }
    this.#countDown();
  }

  completed(index: number, completion: Completion, channel: Channel): void {
    const answer = this.#answers[index] as PartitionAnswer;
    answer.errorCode = completion.errorCode;
    answer.baseOffset = completion.baseOffset;
    answer.logAppendTimeMs = completion.appendTimeMs;
    answer.logStartOffset = completion.logStartOffset;
    if (completion.errorCode !== ErrorCode.NONE) this.#refused(index, completion.fault);
    if (completion.start !== -1) this.#detail(answer, completion, channel);
    this.#countDown();
  }

  #refused(at: number, fault: number): void {
    this.#failed = true;
    const { index = -1, errorCode = 0 } = this.#answers[at] as PartitionAnswer;
    const topic = this.#topics[at] as string;
    this.#services.refusals.tell(this.#request, topic, index, errorCode, fault);
  }

  /** KIP-467: which records were bad, and why; packed by the worker. */
  #detail(answer: PartitionAnswer, completion: Completion, channel: Channel): void {
    const { start, sizeBytes } = completion;
    const detail = unpackDetail(channel.replies.slice(start, start + sizeBytes));
    channel.release(start);
    answer.errorMessage = detail.message;
    answer.recordErrors = detail.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    }));
  }

  #countDown(): void {
    if (--this.#waiting > 0) return;
    if (this.#acks !== 0) {
      const version = this.#request.apiVersion;
      const response = { responses: this.#response };
      this.#request.reply((writer) => encodeProduceResponse(writer, response, version));
    } else if (this.#failed) {
      this.#request.disconnect('closed: a Produce request with acks=0 failed');
    } else {
      this.#request.replyNothing();
    }
  }
}

export const produce: Api = {
  key: produceRequestVersions.apiKey,
  name: 'Produce',
  minVersion: 3,
  maxVersion: 13,
  flexibleFrom: produceRequestVersions.flexibleFrom,
  overlap: 'produce',
  authorization: 'topic:write',
  handle(request, services) {
    const message = decodeProduceRequest(request.reader, request.apiVersion);
    new ProduceInFlight(request, message.acks, services).submit(message);
  },
};
