import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import {
  findCoordinatorExchange,
  joinGroupExchange,
  offsetCommitExchange,
  offsetFetchExchange,
  syncGroupExchange,
} from '../../exchanges.js';
import type { Connection } from '../connection.js';
import type { Findings } from '../findings.js';
import { eventually, type Load, usualPatienceMs } from './load.js';

/** What a member of a group that moves, loads or begins anew is told. */
const underway: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.UNKNOWN_MEMBER_ID,
  ErrorCode.ILLEGAL_GENERATION,
]);

interface Membership {
  readonly memberId: string;
  readonly generationId: number;
}

/** The only member of a group, static, which commits 1, 2, 3 … for one partition. */
export class Committer implements Load {
  readonly pauseMs = 5;
  readonly #groupId: string;
  readonly #topic: string;
  readonly #findings: Findings;
  readonly #patienceMs: number;
  #acknowledged = 0;
  #attempted = 0;
  #member: Membership | null = null;

  constructor(groupId: string, topic: string, findings: Findings, patienceMs = usualPatienceMs) {
    this.#patienceMs = patienceMs;
    this.#groupId = groupId;
    this.#topic = topic;
    this.#findings = findings;
  }

  get commits(): number {
    return this.#acknowledged;
  }

  async step(connection: Connection): Promise<void> {
    this.#member ??= await eventually(() => this.#join(connection), this.#patienceMs);
    if (this.#member === null) {
      this.#findings.add(`${this.#groupId}: cannot join`);
      return;
    }
    const offset = this.#attempted + 1;
    this.#attempted = offset;
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: '' }];
    const { memberId, generationId } = this.#member;
    const member = { memberId, generationIdOrMemberEpoch: generationId };
    const request = { ...member, ...this.#place(), topics: [{ name: this.#topic, partitions }] };
    const { topics } = await connection.ask(offsetCommitExchange, request, 8);
    const errorCode = topics[0]?.partitions[0]?.errorCode ?? -1;
    if (errorCode === 0) this.#acknowledged = offset;
    else {
      if (!underway.has(errorCode)) {
        this.#findings.add(`${this.#groupId}: OffsetCommit: error ${errorCode}`);
      }
      this.#member = null;
    }
  }

  async settle(): Promise<void> {
    this.#member = null;
  }

  async check(connection: Connection): Promise<void> {
    const found = await this.#find(connection);
    if (found === null) {
      this.#findings.add(`${this.#groupId}: stays unavailable`);
      return;
    }
    if (found < this.#acknowledged) {
      const text = `${this.#acknowledged} was committed, and ${found} is there`;
      this.#findings.add(`${this.#groupId}: ${text}`);
    }
    if (found > this.#attempted) {
      this.#findings.add(`${this.#groupId}: ${found} is there, which was never committed`);
    }
    // What was seen must not go back either.
    this.#acknowledged = Math.max(0, found);
  }

  /** For a disk that may have lost the newest: no more than was ever committed. */
  async checkBeginning(connection: Connection): Promise<void> {
    const found = await this.#find(connection);
    if (found !== null && found <= this.#attempted) return;
    this.#findings.add(`${this.#groupId}: ${found} is there, ${this.#attempted} was the newest`);
  }

  #find(connection: Connection): Promise<number | null> {
    // Without a single answer there need not be a topic for offsets yet.
    if (this.#acknowledged === 0) return Promise.resolve(0);
    const groups = [{ groupId: this.#groupId, topics: null }];
    return eventually(async () => {
      const answer = await connection.ask(offsetFetchExchange, { groups }, 8);
      const group = answer.groups[0];
      if (group === undefined || underway.has(group.errorCode)) return null;
      return group.topics[0]?.partitions[0]?.committedOffset ?? 0;
    }, this.#patienceMs);
  }

  async #join(connection: Connection): Promise<Membership | null> {
    // Which also makes the topic of the offsets, the first time.
    const coordinatorKeys = [this.#groupId];
    const { coordinators } = await connection.ask(findCoordinatorExchange, { coordinatorKeys }, 4);
    const absence = coordinators[0]?.errorCode ?? -1;
    if (absence !== 0) return this.#refused('FindCoordinator', absence);
    const times = { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 };
    const protocols = [{ name: 'range', metadata: new Uint8Array(6) }];
    const request = { ...this.#place(), ...times, protocolType: 'consumer', protocols };
    const joined = await connection.ask(joinGroupExchange, { ...request, memberId: '' }, 5);
    if (joined.errorCode !== 0) return this.#refused('JoinGroup', joined.errorCode);
    const { memberId, generationId } = joined;
    const assignments = [{ memberId, assignment: Uint8Array.of(1) }];
    const sync = { ...this.#place(), memberId, generationId, assignments };
    const { errorCode } = await connection.ask(syncGroupExchange, sync, 3);
    if (errorCode !== 0) return this.#refused('SyncGroup', errorCode);
    return { memberId, generationId };
  }

  #place() {
    return { groupId: this.#groupId, groupInstanceId: `${this.#groupId}-only` };
  }

  #refused(api: string, errorCode: number): null {
    if (!underway.has(errorCode)) {
      this.#findings.add(`${this.#groupId}: ${api}: error ${errorCode}`);
    }
    return null;
  }
}
