import { ErrorCode } from '../../protocol/kafka/errors.js';
import type { ClassicGroup } from './classic-group.js';
import type { GroupContext } from './group-context.js';
import { memberError } from './join.js';
import { NO_BYTES, type Respond, type SyncAnswer, syncError } from './member.js';
import {
  afterLoss,
  answerSync,
  assign,
  assignmentOf,
  dropMember,
  dropPending,
  onSyncSeen,
  renewSession,
} from './rebalance.js';

/** What the state machine needs of a SyncGroup request; bytes are copies of its own. */
export interface SyncRequest {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly generationId: number;
  /** KIP-559; null before v5. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** From the leader, by member id. */
  readonly assignments: ReadonlyMap<string, Uint8Array>;
}

/** SyncGroup to a group that exists; `respond` is called now or when the assignments are on disk. */
export function sync(
  context: GroupContext,
  group: ClassicGroup,
  request: SyncRequest,
  respond: Respond<SyncAnswer>,
): void {
  const errorCode = syncRefusal(group, request);
  const member = group.members.get(request.memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined) {
    respond(syncError(errorCode));
    return;
  }
  onSyncSeen(context, group, member.memberId);
  if (group.is('Stable')) {
    respond(assignmentOf(group, member));
    return;
  }
  // An earlier SyncGroup of its own that still waits, mostly on a connection that is gone.
  answerSync(member, syncError(ErrorCode.REBALANCE_IN_PROGRESS));
  member.awaitingSync = respond;
  if (group.leaderId === member.memberId) storeAssignments(context, group, request.assignments);
}

function syncRefusal(group: ClassicGroup, request: SyncRequest): number {
  const { memberId, groupInstanceId, protocolType, protocolName } = request;
  if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (request.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  if (differs(protocolType, group.protocolType) || differs(protocolName, group.protocolName)) {
    return ErrorCode.INCONSISTENT_GROUP_PROTOCOL;
  }
  return group.is('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

function differs(asked: string | null, actual: string | null): boolean {
  return asked !== null && actual !== null && asked !== actual;
}

function storeAssignments(
  context: GroupContext,
  group: ClassicGroup,
  given: ReadonlyMap<string, Uint8Array>,
): void {
  const { generationId } = group;
  const assignments = new Map<string, Uint8Array>();
  for (const memberId of group.members.keys()) {
    assignments.set(memberId, given.get(memberId) ?? NO_BYTES);
  }
  context.persist(group, assignments, () => {
    // Another rebalance may have begun while this was written.
    if (group.is('CompletingRebalance') && group.generationId === generationId) {
      assign(context, group, assignments);
    }
  });
}

/** Heartbeat to a group that exists: an error code. */
export function heartbeat(
  context: GroupContext,
  group: ClassicGroup,
  memberId: string,
  groupInstanceId: string | null,
  generationId: number,
): number {
  if (group.is('Dead')) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode !== ErrorCode.NONE) return errorCode;
  if (generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION;
  renewSession(context, group.members.get(memberId)!);
  return group.is('PreparingRebalance') ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE;
}

/** One of those who are to leave: by member id, or by instance id with an empty member id. */
export interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** KIP-800; for the log. */
  readonly reason: string | null;
}

/** LeaveGroup to a group that exists: an error code for each, in order. */
export function leave(
  context: GroupContext,
  group: ClassicGroup,
  leaving: readonly LeavingMember[],
): number[] {
  const errorCodes = leaving.map((each) => leaveOne(context, group, each));
  const left = leaving.filter((_, i) => errorCodes[i] === ErrorCode.NONE);
  if (left.length > 0) {
    const names = left.map(({ memberId, groupInstanceId }) => memberId || groupInstanceId);
    afterLoss(context, group, `${names.join(', ')} left; ${left[0]?.reason || 'no reason given'}`);
  }
  return errorCodes;
}

function leaveOne(context: GroupContext, group: ClassicGroup, leaving: LeavingMember): number {
  const { groupInstanceId } = leaving;
  if (dropPending(context, group, leaving.memberId)) return ErrorCode.NONE;
  // An administrator removes static members by their instance id alone.
  const memberId =
    leaving.memberId === '' && groupInstanceId !== null
      ? (group.staticMembers.get(groupInstanceId) ?? '')
      : leaving.memberId;
  const errorCode = memberError(group, memberId, groupInstanceId);
  if (errorCode === ErrorCode.NONE) {
    dropMember(context, group, group.members.get(memberId)!, ErrorCode.UNKNOWN_MEMBER_ID);
  }
  return errorCode;
}
