import { Deadline } from './deadlines.js';
import { type JoinAnswer, type Member, type MemberProtocol, metadataFor } from './member.js';
import { subscribedTopicsOf } from './subscription.js';

/** The states of a classic group, by the names that ListGroups and DescribeGroups show. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** The protocol type of groups whose members subscribe to topics. */
const CONSUMER = 'consumer';

/** From which states a group may come into each. */
const ORIGINS: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty'],
};

/** What a group calls when its own deadlines pass. */
export interface GroupDeadlines {
  onJoinDue(group: ClassicGroup): void;
  onSyncDue(group: ClassicGroup): void;
}

/**
 * A classic group: who is in it, what its members support, where its rebalance stands. It keeps its
 * own books consistent and knows no clock, log or connection; `rebalance.ts` moves it on.
 */
export class ClassicGroup {
  readonly groupId: string;
  state: GroupState = 'Empty';
  previousState: GroupState = 'Empty';
  /** When it came into its state, ms; null for a group read from an old record without it. */
  stateSinceMs: number | null;
  /** Null until a member has joined: a simple consumer's group. */
  protocolType: string | null = null;
  protocolName: string | null = null;
  leaderId: string | null = null;
  generationId = 0;
  readonly members = new Map<string, Member>();
  /** group.instance.id → member id. */
  readonly staticMembers = new Map<string, string>();
  /** Given an id by JoinGroup and not yet back with it (KIP-394). */
  readonly pendingJoin = new Map<string, Deadline>();
  /** Sent into this generation and not yet seen in SyncGroup. */
  readonly pendingSync = new Set<string>();
  /** Members whose JoinGroup waits for its answer. */
  awaitingJoinCount = 0;
  /** A member came during the initial delay, which is then prolonged. */
  newMemberAdded = false;
  /** How much longer the initial delay may yet become, ms. */
  initialDelayLeftMs = 0;
  /** Topics that the members of this generation subscribe to; null where that is not known. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** End of the join phase, or of a slice of the initial delay. */
  readonly joinDeadline: Deadline;
  /** By when every member has to have sent SyncGroup. */
  readonly syncDeadline: Deadline;
  private readonly supporters = new Map<string, number>();

  private readonly shortName: (topic: string) => string;

  /** @param shortName one name for all that mean the same topic */
  constructor(
    groupId: string,
    stateSinceMs: number | null,
    deadlines: GroupDeadlines,
    shortName: (topic: string) => string,
  ) {
    this.groupId = groupId;
    this.shortName = shortName;
    this.stateSinceMs = stateSinceMs;
    this.joinDeadline = new Deadline(() => deadlines.onJoinDue(this));
    this.syncDeadline = new Deadline(() => deadlines.onSyncDue(this));
  }

  is(...states: readonly GroupState[]): boolean {
    return states.includes(this.state);
  }

  transition(state: GroupState, nowMs: number): void {
    if (!ORIGINS[state].includes(this.state)) {
      throw new Error(`group ${this.groupId} cannot go from ${this.state} to ${state}`);
    }
    this.previousState = this.state;
    this.state = state;
    this.stateSinceMs = nowMs;
  }

  get canRebalance(): boolean {
    return ORIGINS.PreparingRebalance.includes(this.state);
  }

  get hasAllMembersJoined(): boolean {
    return this.members.size === this.awaitingJoinCount && this.pendingJoin.size === 0;
  }

  /** The longest that any member asked for. */
  get rebalanceTimeoutMs(): number {
    let longest = 0;
    for (const { rebalanceTimeoutMs } of this.members.values()) {
      if (rebalanceTimeoutMs > longest) longest = rebalanceTimeoutMs;
    }
    return longest;
  }

  get isConsumerGroup(): boolean {
    return this.protocolType === CONSUMER;
  }

  /** Whether OffsetDelete and the retention must leave the topic's offsets alone. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.isConsumerGroup;
  }

  add(member: Member): void {
    const { memberId, groupInstanceId } = member;
    if (this.members.has(memberId)) throw new Error(`${memberId} is a member already`);
    if (groupInstanceId !== null) {
      if (this.staticMembers.has(groupInstanceId)) {
        throw new Error(`instance ${groupInstanceId} is a member already`);
      }
      this.staticMembers.set(groupInstanceId, memberId);
    }
    if (this.members.size === 0) this.protocolType = member.protocolType;
    this.leaderId ??= memberId;
    this.members.set(memberId, member);
    this.count(member.protocols, 1);
    if (member.awaitingJoin !== null) this.awaitingJoinCount++;
  }

  /** Forgets a member whose waiting requests have been answered. */
  remove(member: Member): void {
    if (!this.members.delete(member.memberId)) throw new Error(`${member.memberId} is no member`);
    if (member.awaitingJoin !== null || member.awaitingSync !== null) {
      throw new Error(`${member.memberId} is removed while it waits`);
    }
    this.count(member.protocols, -1);
    if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId);
    if (this.leaderId === member.memberId) {
      this.leaderId = this.members.keys().next().value ?? null;
    }
    this.pendingSync.delete(member.memberId);
  }

  /** Puts `successor`, the same instance under a new member id, where `member` was. */
  replace(member: Member, successor: Member): void {
    const wasLeader = this.leaderId === member.memberId;
    this.remove(member);
    this.add(successor);
    if (wasLeader) this.leaderId = successor.memberId;
  }

  setProtocols(member: Member, protocols: readonly MemberProtocol[]): void {
    this.count(member.protocols, -1);
    member.protocols = protocols;
    this.count(protocols, 1);
  }

  answerJoin(member: Member, answer: JoinAnswer): void {
    const respond = member.awaitingJoin;
    if (respond === null) return;
    member.awaitingJoin = null;
    this.awaitingJoinCount--;
    respond(answer);
  }

  /**
   * Whether someone who supports these may join: all members share one of them, and the type. With no member
   * left, all do: then somebody with a pending id is waited for.
   */
  supports(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0;
    return (
      this.protocolType === protocolType &&
      protocols.some(({ name }) => this.isSupportedByAll(name))
    );
  }

  /** The protocol of the next generation: of those that all support, the one most members prefer. */
  selectProtocol(): string {
    const votes = new Map<string, number>();
    for (const member of this.members.values()) {
      const vote = member.protocols.find(({ name }) => this.isSupportedByAll(name))?.name;
      if (vote === undefined) throw new Error(`group ${this.groupId} shares no protocol`);
      votes.set(vote, (votes.get(vote) ?? 0) + 1);
    }
    let selected = '';
    let most = 0;
    for (const [name, count] of votes) {
      if (count > most) {
        selected = name;
        most = count;
      }
    }
    if (most === 0) throw new Error(`group ${this.groupId} has no members to choose a protocol`);
    return selected;
  }

  /** Begins the generation of those who joined. */
  startGeneration(nowMs: number): void {
    this.generationId = this.generationId === 0x7fff_ffff ? 0 : this.generationId + 1;
    this.protocolName = this.members.size > 0 ? this.selectProtocol() : null;
    this.subscribedTopics = this.collectSubscribedTopics();
    this.pendingSync.clear();
    this.transition(this.members.size > 0 ? 'CompletingRebalance' : 'Empty', nowMs);
  }

  /** Sees that the leader is someone who has joined; false where nobody has. */
  electJoinedLeader(): boolean {
    if (this.leaderId === null) return false;
    if (this.members.get(this.leaderId)?.awaitingJoin) return true;
    for (const member of this.members.values()) {
      if (member.awaitingJoin !== null) {
        this.leaderId = member.memberId;
        return true;
      }
    }
    return false;
  }

  /** What the leader needs to assign. */
  memberList(): JoinAnswer['members'] {
    return Array.from(this.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: metadataFor(member, this.protocolName),
    }));
  }

  /** Called at the start of a generation and after loading. */
  collectSubscribedTopics(): ReadonlySet<string> | null {
    if (!this.isConsumerGroup) return null;
    const topics = new Set<string>();
    for (const member of this.members.values()) {
      const subscribed = subscribedTopicsOf(metadataFor(member, this.protocolName));
      if (subscribed === null) return null;
      for (const topic of subscribed) topics.add(this.shortName(topic));
    }
    return topics;
  }

  private isSupportedByAll(name: string): boolean {
    return (this.supporters.get(name) ?? 0) === this.members.size;
  }

  private count(protocols: readonly MemberProtocol[], by: 1 | -1): void {
    // A name that a member lists twice counts once.
    for (const name of new Set(protocols.map((protocol) => protocol.name))) {
      const supporters = (this.supporters.get(name) ?? 0) + by;
      if (supporters === 0) this.supporters.delete(name);
      else this.supporters.set(name, supporters);
    }
  }
}
