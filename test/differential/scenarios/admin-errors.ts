import {
  alterConfigsExchange,
  createPartitionsExchange,
  createTopicsExchange,
  deleteRecordsExchange,
  deleteTopicsExchange,
  describeProducersExchange,
  incrementalAlterConfigsExchange,
  metadataExchange,
  produceExchange,
} from '../../exchanges.js';
import { buildBatch } from '../../workers/batch/build-batch.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, produceOf } from '../topic.js';

const internal = '__consumer_offsets';
const topicType = 2;
const brokerType = 4;

const internals: Scenario = {
  name: 'admin/internal topics',
  async run(peer) {
    const partition = {
      topics: [{ name: internal, partitions: [{ partitionIndex: 0, offset: 0 }] }],
    };
    for (const version of peer.versions(deleteRecordsExchange)) {
      const request = { ...partition, timeoutMs: 5_000 };
      await peer.ask('delete records', deleteRecordsExchange, request, version);
    }
    for (const version of peer.versions(createTopicsExchange)) {
      const topics = [{ name: internal, numPartitions: 1, replicationFactor: 1 }];
      await peer.ask('create', createTopicsExchange, { topics, timeoutMs: 5_000 }, version);
    }
    const topics = [{ name: internal, partitionIndexes: [0] }];
    await peer.ask('producers', describeProducersExchange, { topics });
  },
};

const names: Scenario = {
  name: 'admin/names that cannot be',
  async run(peer) {
    for (const name of ['', 'a/b', '..']) {
      for (const version of peer.versions(alterConfigsExchange)) {
        const resources = [{ resourceType: topicType, resourceName: name, configs: [] }];
        await peer.ask(`alter '${name}'`, alterConfigsExchange, { resources }, version);
        await peer.ask(
          `alter '${name}' incrementally`,
          incrementalAlterConfigsExchange,
          { resources },
          Math.min(version, 1),
        );
      }
      for (const version of peer.versions(createPartitionsExchange)) {
        const request = { topics: [{ name, count: 3, assignments: null }], timeoutMs: 5_000 };
        await peer.ask(`grow '${name}'`, createPartitionsExchange, request, version);
      }
      for (const version of peer.versions(deleteRecordsExchange)) {
        const topics = [{ name, partitions: [{ partitionIndex: 0, offset: 0 }] }];
        const request = { topics, timeoutMs: 5_000 };
        await peer.ask(`delete records of '${name}'`, deleteRecordsExchange, request, version);
      }
    }
  },
};

const resources: Scenario = {
  name: 'admin/resources of configs',
  async run(peer) {
    const { name } = await makeTopic(peer, 'resources');
    const configs = [{ name: 'retention.ms', value: '1000', configOperation: 0 }];
    const topic = { resourceType: topicType, resourceName: name, configs };
    const brokerConfigs = [{ ...configs[0], name: 'log.retention.ms' }];
    const tries = {
      'broker 99': [{ resourceType: brokerType, resourceName: '99', configs }],
      'broker x': [{ resourceType: brokerType, resourceName: 'x', configs }],
      'this broker': [{ resourceType: brokerType, resourceName: '1', configs: brokerConfigs }],
      nothing: [],
    };
    for (const [step, wanted] of Object.entries(tries)) {
      const request = { resources: wanted, validateOnly: true };
      for (const version of peer.versions(alterConfigsExchange)) {
        await peer.ask(step, alterConfigsExchange, request, version);
      }
      for (const version of peer.versions(incrementalAlterConfigsExchange)) {
        await peer.ask(`${step}, by increments`, incrementalAlterConfigsExchange, request, version);
      }
    }
    // Kafka never answers AlterConfigs with a resource twice.
    const twice = { resources: [topic, topic], validateOnly: true };
    for (const version of peer.versions(incrementalAlterConfigsExchange)) {
      await peer.ask('twice', incrementalAlterConfigsExchange, twice, version);
    }
  },
};

const hurry: Scenario = {
  name: 'admin/no time left',
  async run(peer) {
    for (const timeoutMs of [0, -1]) {
      for (const version of peer.versions(createTopicsExchange)) {
        const topic = { name: `${peer.prefix}-hurry-${version}${timeoutMs}` };
        const topics = [{ ...topic, numPartitions: 1, replicationFactor: 1 }];
        await peer.ask(
          `create in ${timeoutMs}`,
          createTopicsExchange,
          { topics, timeoutMs },
          version,
        );
      }
      for (const version of peer.versions(deleteTopicsExchange)) {
        const name = `${peer.prefix}-none`;
        const request = { topics: [{ name }], topicNames: [name], timeoutMs };
        await peer.ask(`delete in ${timeoutMs}`, deleteTopicsExchange, request, version);
      }
      for (const version of peer.versions(createPartitionsExchange)) {
        const topics = [{ name: `${peer.prefix}-none`, count: 3, assignments: null }];
        await peer.ask(
          `grow in ${timeoutMs}`,
          createPartitionsExchange,
          { topics, timeoutMs },
          version,
        );
      }
    }
  },
};

const large: Scenario = {
  name: 'produce/limits of a topic',
  async run(peer) {
    const configs = { 'segment.bytes': '1048576', 'max.message.bytes': '3000000' };
    const topic = await makeTopic(peer, 'segments', { configs });
    const records = buildBatch({ records: [{ value: 'x'.repeat(1_500_000) }] });
    for (const version of peer.versions(produceExchange)) {
      const request = produceOf(topic, [{ records }]);
      await peer.ask('more than a segment', produceExchange, request, version);
    }
    const scarce = await makeTopic(peer, 'scarce', { configs: { 'min.insync.replicas': '2' } });
    for (const acks of [-1, 1]) {
      const request = produceOf(scarce, [{ records: buildBatch() }], acks);
      await peer.ask(`two replicas wanted, acks ${acks}`, produceExchange, request);
    }
    await peer.ask('metadata', metadataExchange, { topics: [{ name: scarce.name }] });
  },
};

export const adminErrorScenarios = [internals, names, resources, hurry, large];
