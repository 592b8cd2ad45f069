import { ErrorCode } from '../../protocol/kafka/errors.js';
import type { ClassicGroup } from './classic-group.js';
import type { GroupContext } from './group-context.js';
import { joinError, type Member, NO_BYTES, type SyncAnswer, syncError } from './member.js';

const NO_ASSIGNMENTS: ReadonlyMap<string, Uint8Array> = new Map();

/** A new member waits in its JoinGroup and cannot beat: how long until it is taken for gone. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000;

/** Puts off the end of a member's session. */
export function renewSession(context: GroupContext, member: Member): void {
  const timeoutMs = member.isNew ? NEW_MEMBER_JOIN_TIMEOUT_MS : member.sessionTimeoutMs;
  context.deadlines.after(member.session, timeoutMs);
}

/** After a membership change: begins a rebalance, or ends its join phase if that was all it needed. */
export function rebalance(context: GroupContext, group: ClassicGroup, reason: string): void {
  if (group.canRebalance) prepareRebalance(context, group, reason);
  else maybeCompleteJoin(context, group);
}

export function prepareRebalance(context: GroupContext, group: ClassicGroup, reason: string): void {
  const { settings, deadlines } = context;
  if (group.is('CompletingRebalance')) resetAssignments(context, group);
  deadlines.clear(group.syncDeadline);
  const isInitial = group.is('Empty');
  group.transition('PreparingRebalance', context.now());
  context.log.info(
    { group: group.groupId, generation: group.generationId, members: group.members.size, reason },
    'group prepares to rebalance',
  );
  if (isInitial) {
    // A new group waits for more members to come, so that it does not rebalance for each of them.
    const delayMs = settings.groupInitialRebalanceDelayMs;
    group.newMemberAdded = false;
    group.initialDelayLeftMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0);
    deadlines.after(group.joinDeadline, delayMs);
  } else if (group.hasAllMembersJoined) {
    completeJoin(context, group);
  } else {
    deadlines.after(group.joinDeadline, group.rebalanceTimeoutMs);
  }
}

/** Ends the join phase where everyone is there; the initial delay is waited out in any case. */
export function maybeCompleteJoin(context: GroupContext, group: ClassicGroup): void {
  if (
    group.is('PreparingRebalance') &&
    group.hasAllMembersJoined &&
    group.previousState !== 'Empty'
  ) {
    completeJoin(context, group);
  }
}

/** The rebalance timeout, or a slice of the initial delay, has passed. */
export function onJoinDue(context: GroupContext, group: ClassicGroup): void {
  if (!group.is('PreparingRebalance')) return;
  const leftMs = group.initialDelayLeftMs;
  if (group.previousState === 'Empty' && group.newMemberAdded && leftMs > 0) {
    const delayMs = Math.min(context.settings.groupInitialRebalanceDelayMs, leftMs);
    group.newMemberAdded = false;
    group.initialDelayLeftMs = leftMs - delayMs;
    context.deadlines.after(group.joinDeadline, delayMs);
    return;
  }
  completeJoin(context, group);
}

/** Starts the next generation with the members that have joined. */
function completeJoin(context: GroupContext, group: ClassicGroup): void {
  const { deadlines } = context;
  deadlines.clear(group.joinDeadline);
  for (const member of group.members.values()) {
    if (member.awaitingJoin === null && member.groupInstanceId === null) {
      dropMember(context, group, member, ErrorCode.UNKNOWN_MEMBER_ID);
    }
  }
  if (!group.electJoinedLeader() && group.members.size > 0) {
    // Only static members are left and none has joined: wait until one does or their sessions end.
    deadlines.after(group.joinDeadline, group.rebalanceTimeoutMs);
    return;
  }
  group.startGeneration(context.now());
  if (group.is('Empty')) {
    context.persist(group, NO_ASSIGNMENTS, () => {});
    return;
  }
  for (const member of group.members.values()) {
    group.answerJoin(member, currentGeneration(group, member));
    member.isNew = false;
    renewSession(context, member);
    group.pendingSync.add(member.memberId);
  }
  deadlines.after(group.syncDeadline, group.rebalanceTimeoutMs);
}

/** The answer to a JoinGroup that is part of the present generation. */
export function currentGeneration(group: ClassicGroup, member: Member) {
  const isLeader = group.leaderId === member.memberId;
  return {
    errorCode: ErrorCode.NONE,
    memberId: member.memberId,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    members: isLeader ? group.memberList() : [],
  };
}

/** Some members did not send SyncGroup in time: they are out, and the others rebalance. */
export function onSyncDue(context: GroupContext, group: ClassicGroup): void {
  if (!group.is('CompletingRebalance', 'Stable') || group.pendingSync.size === 0) return;
  const missing = [...group.pendingSync];
  for (const memberId of missing) {
    const member = group.members.get(memberId);
    if (member !== undefined) dropMember(context, group, member, ErrorCode.UNKNOWN_MEMBER_ID);
  }
  prepareRebalance(context, group, `no SyncGroup from ${missing.join(', ')}`);
}

/** A session ended: of a member, or of an id that nobody came back with. */
export function onSessionDue(context: GroupContext, group: ClassicGroup, memberId: string): void {
  if (group.is('Dead')) return;
  if (group.pendingJoin.has(memberId)) {
    dropPending(context, group, memberId);
    maybeCompleteJoin(context, group);
    const isUsed = group.generationId > 0 || group.members.size > 0;
    if (!isUsed && group.pendingJoin.size === 0) context.abandoned(group);
    return;
  }
  const member = group.members.get(memberId);
  if (member === undefined) return;
  // One that waits for us is not late; its session begins again with the answer.
  if (!member.isNew && (member.awaitingJoin !== null || member.awaitingSync !== null)) return;
  dropMember(context, group, member, ErrorCode.UNKNOWN_MEMBER_ID);
  afterLoss(context, group, `session of ${memberId} ended`);
}

/** Forgets an id that somebody was to come back with; says whether there was one. */
export function dropPending(context: GroupContext, group: ClassicGroup, memberId: string): boolean {
  const pending = group.pendingJoin.get(memberId);
  if (pending === undefined) return false;
  context.deadlines.clear(pending);
  group.pendingJoin.delete(memberId);
  return true;
}

/** What the loss of members means to those that stay. */
export function afterLoss(context: GroupContext, group: ClassicGroup, reason: string): void {
  if (group.is('Stable', 'CompletingRebalance')) prepareRebalance(context, group, reason);
  else maybeCompleteJoin(context, group);
}

/** Takes a member out, with `errorCode` for whatever it waits for. */
export function dropMember(
  context: GroupContext,
  group: ClassicGroup,
  member: Member,
  errorCode: number,
): void {
  context.deadlines.clear(member.session);
  group.answerJoin(member, joinError(errorCode, ''));
  answerSync(member, syncError(errorCode));
  group.remove(member);
}

export function answerSync(member: Member, answer: SyncAnswer): boolean {
  const respond = member.awaitingSync;
  if (respond === null) return false;
  member.awaitingSync = null;
  respond(answer);
  return true;
}

/** Hands the assignments of a generation, now on disk, to those who wait for them. */
export function assign(
  context: GroupContext,
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Uint8Array>,
): void {
  for (const member of group.members.values()) {
    member.assignment = assignments.get(member.memberId) ?? NO_BYTES;
    if (answerSync(member, assignmentOf(group, member))) renewSession(context, member);
  }
  group.transition('Stable', context.now());
}

export function assignmentOf(group: ClassicGroup, member: Member): SyncAnswer {
  const { protocolType, protocolName } = group;
  return { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment: member.assignment };
}

/** The generation is given up before its assignments came: who waits for one has to join again. */
function resetAssignments(context: GroupContext, group: ClassicGroup): void {
  for (const member of group.members.values()) {
    member.assignment = NO_BYTES;
    const waited = answerSync(member, syncError(ErrorCode.REBALANCE_IN_PROGRESS));
    if (waited) renewSession(context, member);
  }
}

/** The group's state could not be queued for writing; everyone joins again. */
export function onPersistRefused(
  context: GroupContext,
  group: ClassicGroup,
  errorCode: number,
): void {
  // A generation without members is not missed: the one before it has none left either.
  if (!group.is('CompletingRebalance', 'Stable')) return;
  for (const member of group.members.values()) {
    if (answerSync(member, syncError(errorCode))) renewSession(context, member);
  }
  prepareRebalance(context, group, 'its state could not be stored');
}

/** Ends the wait for SyncGroup requests once none is missing. */
export function onSyncSeen(context: GroupContext, group: ClassicGroup, memberId: string): void {
  group.pendingSync.delete(memberId);
  if (group.pendingSync.size === 0) context.deadlines.clear(group.syncDeadline);
}

/** Gives the group up: everyone who waits gets `errorCode`, and no deadline of it is left. */
export function dissolve(context: GroupContext, group: ClassicGroup, errorCode: number): void {
  const { deadlines } = context;
  deadlines.clear(group.joinDeadline);
  deadlines.clear(group.syncDeadline);
  for (const pending of group.pendingJoin.values()) deadlines.clear(pending);
  group.pendingJoin.clear();
  for (const member of group.members.values()) dropMember(context, group, member, errorCode);
  if (!group.is('Dead')) group.transition('Dead', context.now());
}
