import { setTimeout as delay } from 'node:timers/promises';
import {
  alterConfigsExchange,
  describeConfigsExchange,
  incrementalAlterConfigsExchange,
  listConfigResourcesExchange,
} from '../../exchanges.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { makeTopic } from '../topic.js';

/** Kafka's broker learns a little later what its controller decided, and tells nobody when. */
const settleMs = 250;
const topicType = 2;
const brokerType = 4;

/** What each name of a resource's configs is said to be. */
async function noteConfigs(
  peer: Peer,
  name: string,
  resource: { resourceType: number; resourceName: string },
  version: number,
): Promise<void> {
  await delay(settleMs);
  const answer = await peer.probe(
    describeConfigsExchange,
    { resources: [{ ...resource, configurationKeys: null }], includeSynonyms: true },
    version,
  );
  peer.note(`${name} v${version}`, answer);
}

const description: Scenario = {
  name: 'describe-configs/topics',
  async run(peer) {
    const configs = { 'max.message.bytes': '5000', 'cleanup.policy': 'compact' };
    const topic = await makeTopic(peer, 'configs', { configs });
    const of = (resourceName: string, keys: string[] | null, resourceType = topicType) => ({
      resources: [{ resourceType, resourceName, configurationKeys: keys }],
    });
    for (const version of peer.versions(describeConfigsExchange)) {
      const ask = (step: string, request: object) =>
        peer.ask(step, describeConfigsExchange, request, version);
      await noteConfigs(
        peer,
        'all',
        { resourceType: topicType, resourceName: topic.name },
        version,
      );
      await ask('one', of(topic.name, ['max.message.bytes']));
      await ask('synonyms', { ...of(topic.name, ['retention.ms']), includeSynonyms: true });
      await ask('unknown key', of(topic.name, ['no.such.config']));
      await ask('no key', of(topic.name, []));
      await ask('unknown topic', of(`${peer.prefix}-none`, null));
      await ask('bad name', of('a/b', null));
      await ask('empty name', of('', null));
      await ask('type 1', of('x', null, 1));
      await ask('broker 99', of('99', ['log.retention.ms'], brokerType));
      await ask('broker x', of('x', ['log.retention.ms'], brokerType));
      await ask('broker', of('1', ['log.retention.ms', 'message.max.bytes'], brokerType));
      await ask('default broker', of('', ['log.retention.ms'], brokerType));
      await ask('unknown group', of(`${peer.prefix}-group`, [], 32));
      await ask('client metrics', of('x', null, 16));
    }
  },
};

const alteration: Scenario = {
  name: 'alter-configs/topics',
  async run(peer) {
    const topic = await makeTopic(peer, 'alter');
    const target = { resourceType: topicType, resourceName: topic.name };
    for (const version of peer.versions(alterConfigsExchange)) {
      const ask = async (step: string, configs: object[], request: object = {}) => {
        const resources = [{ ...target, configs, ...request }];
        await peer.ask(step, alterConfigsExchange, { resources, validateOnly: false }, version);
        await noteConfigs(peer, `after ${step}, with alter ${version},`, target, 4);
      };
      await ask('set', [{ name: 'retention.ms', value: '1234' }]);
      await ask('replace', [{ name: 'segment.bytes', value: '2000000' }]);
      await ask('wrong', [{ name: 'segment.bytes', value: 'x' }]);
      await ask('null', [{ name: 'retention.ms', value: null }]);
      await ask('unknown', [{ name: 'no.such', value: '1' }]);
      await ask('unknown topic', [], { resourceName: `${peer.prefix}-none` });
      await ask('type 9', [], { resourceType: 9 });
      await ask('nothing', []);
    }
  },
};

const operations: readonly (readonly [step: string, configs: readonly object[]])[] = [
  ['set', [{ name: 'retention.ms', configOperation: 0, value: '1234' }]],
  ['delete', [{ name: 'retention.ms', configOperation: 1, value: null }]],
  ['delete again', [{ name: 'retention.ms', configOperation: 1, value: null }]],
  ['append', [{ name: 'cleanup.policy', configOperation: 2, value: 'compact' }]],
  ['append again', [{ name: 'cleanup.policy', configOperation: 2, value: 'compact' }]],
  ['subtract', [{ name: 'cleanup.policy', configOperation: 3, value: 'delete' }]],
  ['subtract the last', [{ name: 'cleanup.policy', configOperation: 3, value: 'compact' }]],
  ['append to no list', [{ name: 'retention.ms', configOperation: 2, value: '5' }]],
  ['subtract from no list', [{ name: 'retention.ms', configOperation: 3, value: '5' }]],
  ['operation 7', [{ name: 'retention.ms', configOperation: 7, value: '5' }]],
  ['null', [{ name: 'retention.ms', configOperation: 0, value: null }]],
  ['wrong', [{ name: 'retention.ms', configOperation: 0, value: 'x' }]],
  ['out of range', [{ name: 'segment.bytes', configOperation: 0, value: '1' }]],
  ['unknown', [{ name: 'no.such', configOperation: 0, value: 'x' }]],
  [
    'twice',
    [
      { name: 'retention.ms', configOperation: 0, value: '1' },
      { name: 'retention.ms', configOperation: 0, value: '2' },
    ],
  ],
  ['nothing', []],
];

const increments: Scenario = {
  name: 'incremental-alter-configs/topics',
  async run(peer) {
    for (const version of peer.versions(incrementalAlterConfigsExchange)) {
      const topic = await makeTopic(peer, `increment-${version}`);
      const target = { resourceType: topicType, resourceName: topic.name };
      const ask = (step: string, resources: object[], validateOnly = false) =>
        peer.ask(step, incrementalAlterConfigsExchange, { resources, validateOnly }, version);
      for (const [step, configs] of operations) {
        await ask(step, [{ ...target, configs }]);
        await noteConfigs(peer, `after ${step}, with alter ${version},`, target, 4);
      }
      const set = { configs: [{ name: 'retention.ms', configOperation: 0, value: '99' }] };
      await ask('validate only', [{ ...target, ...set }], true);
      await noteConfigs(peer, `after validating, with alter ${version},`, target, 4);
      await ask('unknown topic', [{ ...target, resourceName: `${peer.prefix}-none`, ...set }]);
      await ask('same resource twice', [
        { ...target, ...set },
        { ...target, ...set },
      ]);
      await ask('type 9', [{ ...target, resourceType: 9, ...set }]);
      await ask('broker 99', [{ resourceType: brokerType, resourceName: '99', ...set }]);
      await ask('broker x', [{ resourceType: brokerType, resourceName: 'x', ...set }]);
    }
  },
};

const listing: Scenario = {
  name: 'list-config-resources/types',
  async run(peer) {
    for (const version of peer.versions(listConfigResourcesExchange)) {
      for (const resourceTypes of [[4], [8], [16], [99], [0]]) {
        const name = `types ${resourceTypes}`;
        await peer.ask(name, listConfigResourcesExchange, { resourceTypes }, version);
      }
    }
  },
};

export const configScenarios = [description, alteration, increments, listing];
