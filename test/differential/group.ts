/** What scenarios with consumer groups have in common. */
import { setTimeout as delay } from 'node:timers/promises';
import { findCoordinatorExchange } from '../exchanges.js';
import type { Peer } from './peer.js';

const attempts = 200;
const attemptGapMs = 50;

/** Waits until groups have a coordinator: Kafka makes `__consumer_offsets` when it is first asked. */
export async function awaitCoordinator(peer: Peer): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { errorCode } = await peer.probe(findCoordinatorExchange, { key: peer.prefix }, 1);
    if (errorCode === 0) return;
    await delay(attemptGapMs);
  }
  throw new Error('no coordinator');
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
