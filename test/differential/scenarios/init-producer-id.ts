import { findCoordinatorExchange, initProducerIdExchange } from '../../exchanges.js';
import type { Scenario } from '../scenario.js';

const identities: Scenario = {
  name: 'init-producer-id/identities',
  async run(peer) {
    for (const version of peer.versions(initProducerIdExchange)) {
      const ask = (name: string, request: object) =>
        peer.ask(
          name,
          initProducerIdExchange,
          {
            transactionalId: null,
            transactionTimeoutMs: 60_000,
            producerId: -1,
            producerEpoch: -1,
            ...request,
          },
          version,
        );
      const first = await ask('new', {});
      await ask('another', {});
      const producerId = first?.producerId ?? -1;
      await ask('keeps its id', { producerId, producerEpoch: 0 });
      await ask('again', { producerId, producerEpoch: 0 });
      await ask('id without epoch', { producerId });
      await ask('epoch without id', { producerEpoch: 3 });
      await ask('unknown id', { producerId: 123_456_789, producerEpoch: 4 });
      await ask('no timeout', { transactionTimeoutMs: 0 });
      await ask('negative timeout', { transactionTimeoutMs: -1 });
      await ask('greatest timeout', { transactionTimeoutMs: 2147483647 });
      await ask('empty transactional id', { transactionalId: '' });
    }
  },
};

const coordinators: Scenario = {
  name: 'find-coordinator/keys',
  async run(peer) {
    for (const version of peer.versions(findCoordinatorExchange)) {
      const ask = (name: string, key: string, keyType: number) => {
        const request = version >= 4 ? { coordinatorKeys: [key], keyType } : { key, keyType };
        return peer.ask(name, findCoordinatorExchange, request, version);
      };
      await ask('group', `${peer.prefix}-group`, 0);
      await ask('no group', '', 0);
      if (version >= 1) {
        await ask('type 2', 'a', 2);
        await ask('share key', `group:AAAAAAAAAAAAAAAAAAAAAA:0`, 2);
        await ask('type 7', 'a', 7);
        await ask('type -1', 'a', -1);
      }
      if (version < 4) continue;
      for (const coordinatorKeys of [[], ['a', 'b'], ['a', 'a']]) {
        const request = { coordinatorKeys, keyType: 0 };
        await peer.ask(`keys ${coordinatorKeys}`, findCoordinatorExchange, request, version);
      }
    }
  },
};

const transactions: Scenario = {
  name: 'init-producer-id/transactions',
  async run(peer) {
    const transactionalId = `${peer.prefix}-transaction`;
    for (const version of peer.versions(initProducerIdExchange)) {
      const request = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1 };
      await peer.ask('new', initProducerIdExchange, { ...request, producerEpoch: -1 }, version);
    }
    const key = { key: transactionalId, keyType: 1 };
    await peer.ask('coordinator', findCoordinatorExchange, key, 3);
  },
};

export const initProducerIdScenarios = [transactions, identities, coordinators];
