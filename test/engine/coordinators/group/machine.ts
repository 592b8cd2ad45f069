import { pino } from 'pino';
import { ClassicGroup } from '../../../../engine/coordinators/group/classic-group.js';
import { Deadlines } from '../../../../engine/coordinators/group/deadlines.js';
import type {
  GroupContext,
  GroupSettings,
} from '../../../../engine/coordinators/group/group-context.js';
import { type JoinRequest, join } from '../../../../engine/coordinators/group/join.js';
import type { JoinAnswer, SyncAnswer } from '../../../../engine/coordinators/group/member.js';
import { type SyncRequest, sync } from '../../../../engine/coordinators/group/membership.js';
import { onJoinDue, onSyncDue } from '../../../../engine/coordinators/group/rebalance.js';

export const SETTINGS: GroupSettings = {
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 3_000,
  groupMaxSize: 1_000,
  offsetMetadataMaxSize: 4_096,
  offsetsRetentionMinutes: 10_080,
  offsetsRetentionCheckIntervalMs: 600_000,
};

/** An answer that is waited for, and how often it came. */
export class Waiting<Answer> {
  answer: Answer | null = null;
  count = 0;

  readonly respond = (answer: Answer): void => {
    this.answer = answer;
    this.count++;
  };
}

/** The state machine of one group over a clock that only moves when told, and a log that waits to be told. */
export class Machine {
  nowMs = 1_000_000;
  readonly group: ClassicGroup;
  readonly context: GroupContext;
  readonly joins: Waiting<JoinAnswer>[] = [];
  readonly syncs: Waiting<SyncAnswer>[] = [];
  /** Writes that are not on disk yet; each runs what follows from it. */
  readonly unwritten: (() => void)[] = [];
  writesAtOnce = true;
  /** How often the group was found to be of no use. */
  abandonments = 0;
  private uuids = 0;

  constructor(settings: Partial<GroupSettings> = {}) {
    const now = () => this.nowMs;
    this.context = {
      settings: { ...SETTINGS, ...settings },
      deadlines: new Deadlines(
        now,
        () => {},
        (error) => {
          throw error;
        },
      ),
      log: pino({ level: 'silent' }),
      now,
      newUuid: () => String(++this.uuids),
      abandoned: () => this.abandonments++,
      persist: (_group, _assignments, committed) => {
        this.unwritten.push(committed);
        if (this.writesAtOnce) this.write();
      },
    };
    this.group = new ClassicGroup(
      'g',
      this.nowMs,
      {
        onJoinDue: (group) => onJoinDue(this.context, group),
        onSyncDue: (group) => onSyncDue(this.context, group),
      },
      (topic) => topic,
    );
  }

  /** Brings everything that waits for it onto disk. */
  write(): void {
    for (const committed of this.unwritten.splice(0)) committed();
  }

  /** Lets time pass, deadline by deadline. */
  pass(ms: number): void {
    const { deadlines } = this.context;
    const endMs = this.nowMs + ms;
    while (deadlines.nextMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, deadlines.nextMs);
      deadlines.expire();
    }
    this.nowMs = endMs;
  }

  join(memberId: string, request: Partial<JoinRequest> = {}): Waiting<JoinAnswer> {
    const waiting = new Waiting<JoinAnswer>();
    this.joins.push(waiting);
    join(this.context, this.group, { ...JOIN, ...request, memberId }, waiting.respond);
    return waiting;
  }

  sync(memberId: string, request: Partial<SyncRequest> = {}): Waiting<SyncAnswer> {
    const waiting = new Waiting<SyncAnswer>();
    this.syncs.push(waiting);
    const { generationId } = this.group;
    sync(
      this.context,
      this.group,
      { ...SYNC, generationId, ...request, memberId },
      waiting.respond,
    );
    return waiting;
  }

  /** Has new members join an empty group as its first generation; returns their member ids. */
  form(count: number, request: Partial<JoinRequest> = {}): string[] {
    return this.settle(Array.from({ length: count }, () => this.join('', request)));
  }

  /** Waits for joins out, and no longer: sessions begin when they are answered. */
  settle(joins: readonly Waiting<JoinAnswer>[]): string[] {
    while (joins.some(({ answer }) => answer === null)) this.pass(1_000);
    return joins.map(({ answer }) => answer!.memberId);
  }

  /** Has everyone send SyncGroup, the leader with a byte for each member. */
  assign(): void {
    const assignments = new Map(
      [...this.group.members.keys()].map((id, i): [string, Uint8Array] => [id, Uint8Array.of(i)]),
    );
    for (const memberId of this.group.members.keys()) {
      this.sync(memberId, memberId === this.group.leaderId ? { assignments } : {});
    }
  }
}

const JOIN: JoinRequest = {
  memberId: '',
  groupInstanceId: null,
  clientId: 'client',
  clientHost: '/127.0.0.1',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Uint8Array.of(0, 0, 0, 0, 0, 0) }],
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
  reason: null,
  requiresMemberId: false,
  canSkipAssignment: true,
};

const SYNC: SyncRequest = {
  memberId: '',
  groupInstanceId: null,
  generationId: 1,
  protocolType: 'consumer',
  protocolName: null,
  assignments: new Map(),
};
