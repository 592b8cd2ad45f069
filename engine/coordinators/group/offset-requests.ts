import { ErrorCode } from '../../protocol/kafka/errors.js';
import type { ClassicGroup } from './classic-group.js';
import { memberError } from './join.js';

/** In whose name offsets are committed. */
export interface CommitOrigin {
  /** Empty for one that is no member. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** -1 for one that is no member. */
  readonly generationId: number;
  /** Whether GROUP_ID_NOT_FOUND may be answered: from v9 (KIP-848). */
  readonly knowsGroupIdNotFound: boolean;
}

/** Whether offsets may be committed; `group` is undefined where there is none yet. */
export function commitError(group: ClassicGroup | undefined, origin: CommitOrigin): number {
  const { memberId, groupInstanceId, generationId } = origin;
  if (group === undefined) {
    if (generationId < 0) return ErrorCode.NONE;
    return origin.knowsGroupIdNotFound
      ? ErrorCode.GROUP_ID_NOT_FOUND
      : ErrorCode.ILLEGAL_GENERATION;
  }
  if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  // An administrator, or a consumer that keeps offsets here and assigns its partitions itself.
  if (generationId < 0 && group.is('Empty')) return ErrorCode.NONE;
  if (generationId < 0 && memberId === '' && groupInstanceId === null) {
    return ErrorCode.UNKNOWN_MEMBER_ID;
  }
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  // It knows its generation but has no assignment in it to commit for.
  return group.is('CompletingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** Whether offsets may be deleted at all; a subscribed topic's are refused one by one. */
export function offsetDeleteError(group: ClassicGroup | undefined): number {
  if (group === undefined || group.is('Dead')) return ErrorCode.GROUP_ID_NOT_FOUND;
  // Without knowledge of what the members subscribe to, any topic might be in use.
  return group.is('Empty') || group.isConsumerGroup ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
}

/** Whether a group may be deleted. */
export function groupDeleteError(group: ClassicGroup | undefined): number {
  if (group === undefined || group.is('Dead')) return ErrorCode.GROUP_ID_NOT_FOUND;
  return group.is('Empty') ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP;
}
