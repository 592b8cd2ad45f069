import { createTopicsExchange, describeConfigsExchange } from '../../exchanges.js';
import type { Scenario } from '../scenario.js';
import { makeTopic } from '../topic.js';

const topicType = 2;

/** Whether each is good for a config depends on its type and range. */
const values = [
  ...['', ' ', 'x', '-3', '-2', '-1', '0', '1', '13', '14', '1000', '1048576', '2147483647'],
  ...['2147483648', '9223372036854775807', '9223372036854775808', '1e3', '1.5', '0.5', ' 5 ', '+5'],
  ...['true', 'TRUE', 'yes', 'none', 'delete', 'compact', 'delete,compact', 'delete, compact'],
  ...['delete,delete', ',', 'producer', 'gzip', 'GZIP', 'uncompressed', 'CreateTime', 'createtime'],
  ...['*', '0:1', '0:1,1:2', '0:x'],
];

export const configValueScenarios: readonly Scenario[] = [
  {
    name: 'create-topics/values of configs',
    async run(peer) {
      const { name } = await makeTopic(peer, 'config-values');
      const resource = { resourceType: topicType, resourceName: name, configurationKeys: null };
      const described = await peer.probe(describeConfigsExchange, { resources: [resource] }, 4);
      const names = described.results[0]?.configs.map((config) => config.name) ?? [];
      for (const config of names.sort()) {
        const topics = values.map((value, index) => ({
          name: `${peer.prefix}-value-${index}`,
          numPartitions: 1,
          replicationFactor: 1,
          configs: [{ name: config, value }],
        }));
        const request = { topics, timeoutMs: 5000, validateOnly: true };
        const answer = await peer.probe(createTopicsExchange, request, 7);
        const outcomes = answer.topics.map((topic) => {
          const index = Number(topic.name.split('-').at(-1));
          const kept = topic.configs?.find((one) => one.name === config)?.value;
          return [`'${values[index]}'`, { errorCode: topic.errorCode, kept }] as const;
        });
        peer.note(`configs.${config}`, Object.fromEntries(outcomes));
      }
    },
  },
];
