/** What scenarios with consumer groups have in common. */
import { setTimeout as delay } from 'node:timers/promises';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { findCoordinatorExchange, heartbeatExchange } from '../exchanges.js';
import type { Peer } from './peer.js';

const attempts = 400;
const attemptGapMs = 50;
/** With so many groups each of the 50 partitions of `__consumer_offsets` has one: they differ in two digits. */
const groups = 100;

/** What a coordinator says while it is not ready yet. */
const notReady: readonly number[] = [
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.NOT_COORDINATOR,
];

/** Waits until every group has a coordinator: Kafka makes `__consumer_offsets` when it is first asked. */
export async function awaitCoordinators(peer: Peer): Promise<void> {
  const names = Array.from({ length: groups }, (_, index) => `${peer.prefix}-${index + groups}`);
  let waiting = names;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { errorCode } = await peer.probe(findCoordinatorExchange, { key: peer.prefix }, 1);
    if (errorCode === ErrorCode.NONE) waiting = await unready(peer, waiting);
    if (waiting.length === 0) return;
    await delay(attemptGapMs);
  }
  throw new Error('no coordinator');
}

async function unready(peer: Peer, groupIds: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const groupId of groupIds) {
    const beat = { groupId, memberId: 'nobody', generationId: 1 };
    const { errorCode } = await peer.probe(heartbeatExchange, beat, 3);
    if (notReady.includes(errorCode)) found.push(groupId);
  }
  return found;
}

/** A member as it asks to join. */
export interface Member {
  readonly groupId: string;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  readonly protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[];
}

/** ConsumerProtocolSubscription v0 of a topic `t`; Kafka hangs on one that it cannot read. */
const subscription = Buffer.from('00000000000100017400000000', 'hex');

/** A consumer that has not joined yet. */
export function memberOf(peer: Peer, group: string): Member {
  return {
    groupId: `${peer.prefix}-${group}`,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription }],
  };
}
