import { pino } from 'pino';
import {
  kafkaOffsetsLayout,
  type OffsetsLayout,
} from '../../../../engine/catalog/offsets-layout.js';
import { offsetsTopic } from '../../../../engine/catalog/topic-name.js';
import { GroupCoordinator } from '../../../../engine/coordinators/group/coordinator.js';
import type { GroupSettings } from '../../../../engine/coordinators/group/group-context.js';
import type { OffsetToCommit } from '../../../../engine/coordinators/group/group-shard.js';
import type { JoinRequest } from '../../../../engine/coordinators/group/join.js';
import type { CommitOrigin } from '../../../../engine/coordinators/group/offset-requests.js';
import { ZERO_UUID } from '../../../../engine/protocol/kafka/constants.js';
import { SETTINGS } from './machine.js';
import { MemoryPort } from './memory-port.js';

export const SIMPLE: CommitOrigin = {
  memberId: '',
  groupInstanceId: null,
  generationId: -1,
  knowsGroupIdNotFound: true,
};

export const DAY_MS = 86_400_000;

/** A coordinator over one partition in memory, with a clock that only moves when told. */
export class Fixture {
  nowMs = 1_700_000_000_000;
  steadyMs = 0;
  readonly memory = new MemoryPort(1);
  coordinator: GroupCoordinator;
  private readonly settings: GroupSettings;
  private exists = false;

  private readonly layout: OffsetsLayout;

  constructor(settings: Partial<GroupSettings> = {}, layout = kafkaOffsetsLayout) {
    this.layout = layout;
    this.settings = { ...SETTINGS, ...settings };
    this.coordinator = this.make();
  }

  /** Another coordinator over the same log, as after a restart. */
  async restart(): Promise<void> {
    await this.coordinator.close();
    this.coordinator = this.make();
    await this.coordinator.start();
    await this.loaded();
  }

  /** Resolves when the one partition answers. */
  async loaded(): Promise<void> {
    while (typeof this.coordinator.offsetsOf('any') === 'number') {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  commit(
    groupId: string,
    offsets: Readonly<Record<string, number>>,
    origin: Partial<CommitOrigin> = {},
    expireTimestampMs = -1,
  ): Promise<number> {
    const list = Object.entries(offsets).map(([where, offset]): OffsetToCommit => {
      const [topic = '', partition] = where.split('-');
      const committed = {
        offset,
        leaderEpoch: 3,
        metadata: 'm',
        commitTimestampMs: this.nowMs,
        expireTimestampMs,
        topicId: ZERO_UUID,
      };
      return { topic, partition: Number(partition), committed };
    });
    return this.coordinator.commitOffsets(groupId, { ...SIMPLE, ...origin }, list);
  }

  /** Committed offsets as `{'topic-0': 5}`, or the error code. */
  offsets(groupId: string): Record<string, number> | number {
    const offsets = this.coordinator.offsetsOf(groupId);
    if (typeof offsets === 'number') return offsets;
    const plain: Record<string, number> = {};
    for (const [topic, partitions] of offsets) {
      for (const [partition, { offset }] of partitions) plain[`${topic}-${partition}`] = offset;
    }
    return plain;
  }

  /** Forms a group of one consumer that subscribes to `topic`; its member id. */
  async formGroup(groupId: string, topic = 'topic', request: Partial<JoinRequest> = {}) {
    const joining = this.coordinator.joinGroup(groupId, {
      memberId: '',
      groupInstanceId: null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription(topic) }],
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      reason: null,
      requiresMemberId: false,
      canSkipAssignment: true,
      ...request,
    });
    this.pass(3_000);
    const { memberId, generationId, errorCode } = await joining;
    if (errorCode !== 0) throw new Error(`error ${errorCode}`);
    const synced = await this.coordinator.syncGroup(groupId, {
      memberId,
      groupInstanceId: null,
      generationId,
      protocolType: null,
      protocolName: null,
      assignments: new Map([[memberId, Uint8Array.of(7)]]),
    });
    if (synced.errorCode !== 0) throw new Error(`error ${synced.errorCode}`);
    return { memberId, generationId };
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.steadyMs += ms;
    this.coordinator.tick();
  }

  private make(): GroupCoordinator {
    const topic = { partitions: this.memory.refs };
    return new GroupCoordinator({
      settings: this.settings,
      partitions: this.memory.port,
      topics: {
        offsetsLayout: this.layout,
        topic: (name) => (this.exists && name === offsetsTopic ? topic : undefined),
        ensureTopic: () => {
          this.exists = true;
          return Promise.resolve(topic);
        },
      },
      commits: null,
      now: () => this.nowMs,
      steadyMs: () => this.steadyMs,
      log: pino({ level: 'silent' }),
      reloadDelayMs: 0,
      snapshotRecords: 20,
    });
  }
}

/** The fixture after the first client has asked for a coordinator. */
export async function readyFixture(
  settings: Partial<GroupSettings> = {},
  layout: OffsetsLayout = kafkaOffsetsLayout,
): Promise<Fixture> {
  const fixture = new Fixture(settings, layout);
  await fixture.coordinator.start();
  await fixture.coordinator.ensureReady();
  return fixture;
}

function subscription(topic: string): Uint8Array {
  const name = Buffer.from(topic);
  return Buffer.concat([Buffer.of(0, 0, 0, 0, 0, 1, 0, name.length), name, Buffer.alloc(4)]);
}
