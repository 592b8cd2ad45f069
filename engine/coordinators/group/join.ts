import { ErrorCode } from '../../protocol/kafka/errors.js';
import type { ClassicGroup } from './classic-group.js';
import { Deadline } from './deadlines.js';
import type { GroupContext } from './group-context.js';
import {
  type JoinAnswer,
  joinError,
  type Member,
  type MemberProtocol,
  NO_BYTES,
  type Respond,
  supportsSame,
  syncError,
} from './member.js';
import {
  answerSync,
  currentGeneration,
  dropMember,
  dropPending,
  maybeCompleteJoin,
  onSessionDue,
  onSyncSeen,
  prepareRebalance,
  rebalance,
  renewSession,
} from './rebalance.js';

/** What the state machine needs of a JoinGroup request; bytes are copies of its own. */
export interface JoinRequest {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** KIP-800; for the log. */
  readonly reason: string | null;
  /** From v4 a member learns its id before it may join (KIP-394). */
  readonly requiresMemberId: boolean;
  /** From v9 a leader can be told that the assignment stands (KIP-814). */
  readonly canSkipAssignment: boolean;
}

/** How much of a client id, which may be long, goes into member ids and is kept. */
const MAX_CLIENT_ID_CHARS = 1_000;
/** What a member may want the leader to know; with more, the group would not fit into its record. */
const MAX_MEMBER_METADATA_BYTES = 1_000_000;
/** Ids handed out and not yet come back with, in one group: what a flood of joins may cost. */
const MAX_PENDING_MEMBERS = 10_000;

/** JoinGroup to a group that exists; `respond` is called now or when the join phase ends. */
export function join(
  context: GroupContext,
  group: ClassicGroup,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  const { memberId } = request;
  if (group.is('Dead')) {
    respond(joinError(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId));
  } else if (metadataBytes(request) > MAX_MEMBER_METADATA_BYTES) {
    respond(joinError(ErrorCode.INVALID_REQUEST, memberId));
  } else if (!hasRoom(context, group, memberId)) {
    forget(context, group, memberId);
    respond(joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, ''));
  } else if (!group.supports(request.protocolType, request.protocols)) {
    respond(joinError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId));
  } else if (memberId === '') {
    joinAsNew(context, group, request, respond);
  } else if (group.pendingJoin.has(memberId)) {
    joinAsPending(context, group, request, respond);
  } else {
    rejoin(context, group, request, respond);
  }
}

function metadataBytes({ protocols }: JoinRequest): number {
  return protocols.reduce((sum, { name, metadata }) => sum + name.length + metadata.length, 0);
}

function hasRoom(context: GroupContext, group: ClassicGroup, memberId: string): boolean {
  const { groupMaxSize } = context.settings;
  switch (group.state) {
    case 'PreparingRebalance':
      return (
        (group.members.get(memberId)?.awaitingJoin ?? null) !== null ||
        group.awaitingJoinCount < groupMaxSize
      );
    case 'CompletingRebalance':
    case 'Stable':
      return group.members.has(memberId) || group.members.size < groupMaxSize;
    default:
      return true;
  }
}

/** Takes a member or pending id out of a group that has no room for it. */
function forget(context: GroupContext, group: ClassicGroup, memberId: string): void {
  dropPending(context, group, memberId);
  const member = group.members.get(memberId);
  if (member !== undefined) dropMember(context, group, member, ErrorCode.GROUP_MAX_SIZE_REACHED);
  maybeCompleteJoin(context, group);
}

function joinAsNew(
  context: GroupContext,
  group: ClassicGroup,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  const { groupInstanceId } = request;
  const memberId = `${groupInstanceId ?? shortened(request.clientId)}-${context.newUuid()}`;
  if (groupInstanceId !== null) {
    const current = group.members.get(group.staticMembers.get(groupInstanceId) ?? '');
    if (current === undefined) admit(context, group, memberId, request, respond);
    else succeed(context, group, current, memberId, request, respond);
  } else if (!request.requiresMemberId) {
    admit(context, group, memberId, request, respond);
  } else if (group.pendingJoin.size >= MAX_PENDING_MEMBERS) {
    respond(joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, ''));
  } else {
    const session = new Deadline(() => onSessionDue(context, group, memberId));
    group.pendingJoin.set(memberId, session);
    context.deadlines.after(session, request.sessionTimeoutMs);
    respond(joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId));
  }
}

function joinAsPending(
  context: GroupContext,
  group: ClassicGroup,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  const { memberId, groupInstanceId } = request;
  if (groupInstanceId !== null) {
    // Pending ids are only given to dynamic members.
    respond(joinError(ErrorCode.UNKNOWN_MEMBER_ID, memberId));
    return;
  }
  context.deadlines.clear(group.pendingJoin.get(memberId)!);
  group.pendingJoin.delete(memberId);
  admit(context, group, memberId, request, respond);
}

/** Makes a member of it, waiting for the join phase to end. */
function admit(
  context: GroupContext,
  group: ClassicGroup,
  memberId: string,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  const member = newMember(context, group, memberId, request);
  member.isNew = true;
  member.awaitingJoin = respond;
  if (group.is('PreparingRebalance') && group.previousState === 'Empty') {
    group.newMemberAdded = true;
  }
  group.add(member);
  renewSession(context, member);
  rebalance(context, group, `${memberId} joins; ${request.reason || 'no reason given'}`);
}

function shortened(clientId: string): string {
  return clientId.slice(0, MAX_CLIENT_ID_CHARS).toWellFormed();
}

type MemberParts = Omit<
  Member,
  'assignment' | 'isNew' | 'awaitingJoin' | 'awaitingSync' | 'session' | 'memberId'
>;

/** A member that waits for nothing yet; not in the group either. */
export function newMember(
  context: GroupContext,
  group: ClassicGroup,
  memberId: string,
  parts: MemberParts,
): Member {
  return {
    memberId,
    groupInstanceId: parts.groupInstanceId,
    clientId: shortened(parts.clientId),
    clientHost: parts.clientHost,
    protocolType: parts.protocolType,
    rebalanceTimeoutMs: parts.rebalanceTimeoutMs,
    sessionTimeoutMs: parts.sessionTimeoutMs,
    protocols: parts.protocols,
    assignment: NO_BYTES,
    isNew: false,
    awaitingJoin: null,
    awaitingSync: null,
    session: new Deadline(() => onSessionDue(context, group, memberId)),
  };
}

/** Whether a request speaks for a member of the group; a fenced instance must stop (KIP-345). */
export function memberError(
  group: ClassicGroup,
  memberId: string,
  groupInstanceId: string | null,
): number {
  if (groupInstanceId !== null) {
    const current = group.staticMembers.get(groupInstanceId);
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID;
  }
  return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID;
}

function rejoin(
  context: GroupContext,
  group: ClassicGroup,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  const { memberId, groupInstanceId } = request;
  const errorCode = memberError(group, memberId, groupInstanceId);
  const member = group.members.get(memberId);
  if (errorCode !== ErrorCode.NONE || member === undefined) {
    respond(joinError(errorCode, memberId));
    return;
  }
  const isUnchanged = supportsSame(member, request.protocols);
  // Joining again unchanged means that the answer was lost; the leader of a stable group that joins
  // again wants a rebalance (its subscription or the topics have changed).
  const wantsRepeat =
    isUnchanged &&
    (group.is('CompletingRebalance') || (group.is('Stable') && group.leaderId !== memberId));
  if (wantsRepeat) {
    respond(currentGeneration(group, member));
    return;
  }
  awaitJoin(group, member, request, respond);
  rebalance(context, group, `${memberId} joins again; ${request.reason || 'no reason given'}`);
}

/** Lets a member wait in the join phase with what it now supports. */
function awaitJoin(
  group: ClassicGroup,
  member: Member,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  group.setProtocols(member, request.protocols);
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  member.sessionTimeoutMs = request.sessionTimeoutMs;
  // An earlier JoinGroup of its own that still waits, mostly on a connection that is gone.
  group.answerJoin(member, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId));
  member.awaitingJoin = respond;
  group.awaitingJoinCount++;
}

/** A static member came back without its member id: it takes its own place under a new one. */
function succeed(
  context: GroupContext,
  group: ClassicGroup,
  current: Member,
  memberId: string,
  request: JoinRequest,
  respond: Respond<JoinAnswer>,
): void {
  const formerLeader = group.leaderId ?? '';
  context.deadlines.clear(current.session);
  // Whoever still waits under the old id is a duplicate of the instance.
  group.answerJoin(current, joinError(ErrorCode.FENCED_INSTANCE_ID, current.memberId));
  answerSync(current, syncError(ErrorCode.FENCED_INSTANCE_ID));
  const member = newMember(context, group, memberId, current);
  member.assignment = current.assignment;
  group.replace(current, member);
  onSyncSeen(context, group, current.memberId);
  awaitJoin(group, member, request, respond);
  renewSession(context, member);
  if (group.is('PreparingRebalance')) {
    maybeCompleteJoin(context, group);
  } else if (group.is('Stable') && group.selectProtocol() === group.protocolName) {
    keepAssignment(context, group, member, request.canSkipAssignment ? null : formerLeader);
  } else {
    // An assignment under way names the old member id, so the new one would get nothing.
    prepareRebalance(context, group, `static member ${request.groupInstanceId} came back`);
  }
}

/**
 * Answers a returned static member with the present generation once its new id is on disk.
 * `formerLeader` is what clients before v9 are told, so that a returned leader does not assign anew.
 */
function keepAssignment(
  context: GroupContext,
  group: ClassicGroup,
  member: Member,
  formerLeader: string | null,
): void {
  const { generationId } = group;
  const assignments = new Map<string, Uint8Array>();
  for (const each of group.members.values()) assignments.set(each.memberId, each.assignment);
  context.persist(group, assignments, () => {
    // A rebalance that began meanwhile has this member in it already.
    if (!group.is('Stable') || group.generationId !== generationId) return;
    const answer = currentGeneration(group, member);
    if (formerLeader === null) {
      group.answerJoin(member, { ...answer, skipAssignment: group.leaderId === member.memberId });
    } else {
      group.answerJoin(member, { ...answer, leader: formerLeader, members: [] });
    }
  });
}
