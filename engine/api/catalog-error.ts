import { CatalogFault, type CatalogFaultCode } from '../catalog/topic.js';
import { ErrorCode, errorMessage } from '../protocol/kafka/errors.js';

/** A Kafka error with the message that tools print. */
export interface ApiError {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Strings of the protocol end at 32 767 bytes; a message quotes what a client sent, of any length. */
const quotedCharactersMax = 4_000;

/** An error whose message may quote the client, short enough for every response. */
export function apiError(errorCode: number, message: string): ApiError {
  const isLong = message.length > quotedCharactersMax;
  return {
    errorCode,
    errorMessage: isLong ? `${message.slice(0, quotedCharactersMax)}…` : message,
  };
}

export const noError: ApiError = { errorCode: ErrorCode.NONE, errorMessage: null };

const codes: Readonly<Record<CatalogFaultCode, number>> = {
  'topic-exists': ErrorCode.TOPIC_ALREADY_EXISTS,
  'unknown-topic': ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  'unknown-namespace': ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  'too-many-partitions': ErrorCode.POLICY_VIOLATION,
  'clients-attached': ErrorCode.POLICY_VIOLATION,
  storage: ErrorCode.KAFKA_STORAGE_ERROR,
  busy: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
};

/** What a client is told of a change that the catalog refused. Rethrows what is no refusal. */
export function catalogError(error: unknown): ApiError {
  if (!(error instanceof CatalogFault)) throw error;
  if (error.code === 'storage') {
    // The reason names files of this machine; it is in the log.
    return { errorCode: codes.storage, errorMessage: errorMessage(codes.storage) };
  }
  return apiError(codes[error.code], error.message);
}
