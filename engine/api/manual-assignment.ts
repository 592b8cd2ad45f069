import { ErrorCode } from '../protocol/kafka/errors.js';
import { type ApiError, noError } from './catalog-error.js';

/** Checks the replicas that a client chose for one partition: this broker, once. */
export function assignmentFault(brokerIds: readonly number[], nodeId: number): ApiError {
  if (brokerIds.length === 0) {
    return invalid('The manual partition assignment includes an empty replica list.');
  }
  const sorted = [...brokerIds].sort((a, b) => a - b);
  for (const [index, id] of sorted.entries()) {
    if (id !== nodeId) {
      return invalid(
        `The manual partition assignment includes broker ${id}, but no such broker is registered.`,
      );
    }
    if (id === sorted[index + 1]) {
      return invalid(`The manual partition assignment includes the broker ${id} more than once.`);
    }
  }
  return noError;
}

function invalid(errorMessage: string): ApiError {
  return { errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT, errorMessage };
}
