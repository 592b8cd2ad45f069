import t from 'tap';
import { describeConfigs } from '../../../engine/api/32-describe-configs.js';
import { alterConfigs } from '../../../engine/api/33-alter-configs.js';
import { incrementalAlterConfigs } from '../../../engine/api/44-incremental-alter-configs.js';
import { listConfigResources } from '../../../engine/api/74-list-config-resources.js';
import { encodeAlterConfigsRequest } from '../../../engine/protocol/kafka/messages/alter-configs-request.js';
import { decodeAlterConfigsResponse } from '../../../engine/protocol/kafka/messages/alter-configs-response.js';
import { encodeDescribeConfigsRequest } from '../../../engine/protocol/kafka/messages/describe-configs-request.js';
import { decodeDescribeConfigsResponse } from '../../../engine/protocol/kafka/messages/describe-configs-response.js';
import { encodeIncrementalAlterConfigsRequest } from '../../../engine/protocol/kafka/messages/incremental-alter-configs-request.js';
import { decodeIncrementalAlterConfigsResponse } from '../../../engine/protocol/kafka/messages/incremental-alter-configs-response.js';
import { encodeListConfigResourcesRequest } from '../../../engine/protocol/kafka/messages/list-config-resources-request.js';
import { decodeListConfigResourcesResponse } from '../../../engine/protocol/kafka/messages/list-config-resources-response.js';
import { type Bench, dial, openBench } from './dial.js';

const topic = 2;
const broker = 4;
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];

const describer = (bench: Bench) =>
  dial(describeConfigs, encodeDescribeConfigsRequest, decodeDescribeConfigsResponse, bench);
const alterer = (bench: Bench) =>
  dial(alterConfigs, encodeAlterConfigsRequest, decodeAlterConfigsResponse, bench);

/** Changes configs of topic `a`, one operation each, and returns what came of it. */
function incrementer(bench: Bench) {
  const ask = dial(
    incrementalAlterConfigs,
    encodeIncrementalAlterConfigsRequest,
    decodeIncrementalAlterConfigsResponse,
    bench,
  );
  return async (
    operations: [name: string, operation: number | undefined, value: string | null][],
    target: { type?: number; name?: string; validateOnly?: boolean; version?: number } = {},
  ) => {
    const configs = operations.map(([name, operation, value]) => ({
      name,
      configOperation: operation ?? SET,
      value,
    }));
    const { type = topic, name = 'a', validateOnly = false, version = 1 } = target;
    const resources = [{ resourceType: type, resourceName: name, configs }];
    const { responses } = await ask(version, { resources, validateOnly });
    return [responses[0]!.errorCode, responses[0]!.errorMessage];
  };
}

const overridesOf = ({ catalog }: Bench, name = 'a') => [...catalog.topic(name)!.overrides];

t.test('every version describes a topic with sources, synonyms and documentation', async (t) => {
  const bench = await openBench(t, { messageMaxBytes: 5000 });
  const overrides = new Map([['retention.ms', '1000']]);
  await bench.catalog.createTopic({ name: 'a', partitions: 1, overrides });
  for (let version = 1; version <= 4; version++) {
    const { results } = await describer(bench)(version, {
      resources: [
        {
          resourceType: topic,
          resourceName: 'a',
          configurationKeys: ['retention.ms', 'max.message.bytes', 'segment.bytes', 'nope'],
        },
      ],
      includeSynonyms: true,
      includeDocumentation: true,
    });
    t.match(results, [{ errorCode: 0, errorMessage: '', resourceType: 2, resourceName: 'a' }]);
    const configs = new Map(results[0]!.configs.map((config) => [config.name, config]));
    t.equal(configs.size, 3);
    t.match(configs.get('retention.ms'), {
      value: '1000',
      configSource: 1,
      readOnly: false,
      isSensitive: false,
      synonyms: [{ name: 'retention.ms', value: '1000', source: 1 }],
    });
    t.match(configs.get('max.message.bytes'), {
      value: '5000',
      configSource: 4,
      synonyms: [{ name: 'message.max.bytes', value: '5000', source: 4 }, { value: '1048588' }],
    });
    t.match(configs.get('segment.bytes'), { value: '1073741824', configSource: 5 });
    const shown = configs.get('retention.ms')!;
    t.equal(shown.configType, version >= 3 ? 5 : 0);
    t.equal((shown.documentation ?? '').length > 0, version >= 3);
  }
});

t.test('all configs, bare, for no keys', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  for (const configurationKeys of [null, []]) {
    const { results } = await describer(bench)(4, {
      resources: [{ resourceType: topic, resourceName: 'a', configurationKeys }],
    });
    t.ok(results[0]!.configs.length >= 33);
    t.ok(results[0]!.configs.every(({ synonyms }) => synonyms.length === 0));
    t.ok(results[0]!.configs.every(({ documentation }) => documentation === null));
  }
});

t.test("this broker's settings are read-only configs; other resources are refused", async (t) => {
  const bench = await openBench(t);
  const ask = async (resourceType: number, resourceName: string) => {
    const { results } = await describer(bench)(4, { resources: [{ resourceType, resourceName }] });
    return results[0]!;
  };
  const { errorCode, configs } = await ask(broker, '1');
  t.equal(errorCode, 0);
  t.ok(configs.every(({ readOnly }) => readOnly));
  t.match(
    configs.find(({ name }) => name === 'num.partitions'),
    { value: '1' },
  );
  t.match(await ask(broker, ''), { errorCode: 0, configs: [] });
  t.match(await ask(broker, '2'), {
    errorCode: 42,
    errorMessage: 'Unexpected broker id, expected 1 or empty string, but received 2',
  });
  t.match(await ask(broker, 'x'), {
    errorCode: 42,
    errorMessage: 'Broker id must be an integer, but it is: x',
  });
  t.match(await ask(topic, 'nope'), { errorCode: 3, errorMessage: '', configs: [] });
  t.match(await ask(topic, ''), { errorCode: 17 });
  for (const type of [8, 16, 32, 99]) t.match(await ask(type, '1'), { errorCode: 42 });
});

t.test('single configs are set, deleted, appended to and subtracted from', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  const change = incrementer(bench);
  const done = [0, null];
  t.strictSame(await change([['retention.ms', SET, '5000']], { version: 0 }), done);
  t.equal(bench.catalog.topic('a')!.config.retentionMs, 5000);
  t.strictSame(await change([['cleanup.policy', APPEND, 'compact']]), done);
  t.same(overridesOf(bench), [
    ['retention.ms', '5000'],
    ['cleanup.policy', 'delete,compact'],
  ]);
  t.strictSame(await change([['cleanup.policy', APPEND, 'compact']]), done);
  t.equal(bench.catalog.topic('a')!.overrides.get('cleanup.policy'), 'delete,compact');
  t.strictSame(await change([['cleanup.policy', SUBTRACT, 'delete']]), done);
  t.equal(bench.catalog.topic('a')!.config.cleanupDelete, false);
  const both: Parameters<typeof change>[0] = [
    ['retention.ms', DELETE, null],
    ['nope', DELETE, null],
  ];
  t.strictSame(await change(both), done);
  t.same(overridesOf(bench), [['cleanup.policy', 'compact']]);
  t.strictSame(await change([['cleanup.policy', DELETE, '']], { validateOnly: true }), done);
  t.same(overridesOf(bench), [['cleanup.policy', 'compact']]);
});

t.test('changes are refused as Kafka refuses them', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  const change = incrementer(bench);
  const badName = {
    17:
      "Topic name is invalid: 'b d' contains one or more characters other than ASCII " +
      "alphanumerics, '.', '_' and '-'",
  };
  const valid: Parameters<typeof change>[0] = [['retention.ms', SET, '1']];
  t.strictSame(await change([['retention.ms', APPEND, '1']]), [
    40,
    "Can't APPEND to key retention.ms because its type is not LIST.",
  ]);
  t.strictSame(await change([['retention.ms', SET, null]]), [
    42,
    'Null value not supported for : retention.ms',
  ]);
  t.strictSame(await change([['retention.ms', SET, 'x']]), [
    40,
    'Invalid value x for configuration retention.ms: Not a number of type LONG',
  ]);
  t.strictSame(await change([['nope', SET, 'x']]), [40, 'Unknown topic config name: nope']);
  t.strictSame(await change([['retention.ms', 7, '1']]), [
    42,
    'Unknown operation 7 on retention.ms',
  ]);
  t.strictSame(await change([...valid, ...valid]), [42, 'Error due to duplicate config keys']);
  t.strictSame(await change(valid, { name: 'x' }), [3, "The topic 'x' does not exist."]);
  t.strictSame(await change(valid, { name: 'b d' }), [17, badName[17]]);
  t.strictSame(await change(valid, { name: '' }), [42, 'Default topic resources are not allowed.']);
  t.strictSame(await change(valid, { type: broker, name: '1' }), [
    42,
    'Cannot update these configs dynamically: [retention.ms]',
  ]);
  t.strictSame(await change(valid, { type: broker, name: '7' }), [
    42,
    'Unexpected broker id, expected 1, but received 7',
  ]);
  t.strictSame(await change(valid, { type: broker, name: 'x' }), [
    42,
    'Node id must be an integer, but it is: x',
  ]);
  t.strictSame(await change([], { type: broker, name: '' }), [0, null]);
  t.strictSame(await change(valid, { type: 32, name: 'g' }), [42, 'Unknown resource type 32']);
  t.same(overridesOf(bench), []);
});

t.test('AlterConfigs replaces what there was', async (t) => {
  const bench = await openBench(t);
  const overrides = new Map([['retention.ms', '1000']]);
  await bench.catalog.createTopic({ name: 'a', partitions: 2, overrides });
  const alter = alterer(bench);
  const resource = (configs: { name: string; value: string | null }[], resourceName = 'a') => ({
    resourceType: topic,
    resourceName,
    configs,
  });
  const larger = [resource([{ name: 'max.message.bytes', value: '2000' }])];
  for (let version = 0; version <= 2; version++) {
    const dry = await alter(version, { resources: larger, validateOnly: version === 0 });
    t.match(dry.responses, [{ errorCode: 0, errorMessage: null, resourceName: 'a' }]);
    const expected = version === 0 ? ['retention.ms', '1000'] : ['max.message.bytes', '2000'];
    t.same(overridesOf(bench), [expected]);
  }
  t.equal(bench.port.configured.at(-1)![1].maxMessageBytes, 2000);
  const { responses } = await alter(2, {
    resources: [resource([{ name: 'max.message.bytes', value: null }]), resource([], 'nope')],
  });
  t.match(responses, [
    { errorCode: 42, errorMessage: 'Null value not supported for : max.message.bytes' },
    { errorCode: 3, errorMessage: "The topic 'nope' does not exist." },
  ]);
  const twice = await alter(2, { resources: [...larger, ...larger] });
  const errorMessage = 'Each resource must appear at most once.';
  t.match(twice.responses, [
    { errorCode: 42, errorMessage },
    { errorCode: 42, errorMessage },
  ]);
});

t.test('resources with configs are listed', async (t) => {
  const bench = await openBench(t);
  await bench.catalog.ensureTopic('a');
  const list = dial(
    listConfigResources,
    encodeListConfigResourcesRequest,
    decodeListConfigResourcesResponse,
    bench,
  );
  const a = { resourceName: 'a', resourceType: 2 };
  const one = { resourceName: '1', resourceType: 4 };
  t.match(await list(0, {}), { errorCode: 0, configResources: [] });
  t.match(await list(1, { resourceTypes: [] }), { errorCode: 0, configResources: [a, one] });
  t.match(await list(1, { resourceTypes: [4, 16] }), { configResources: [one] });
  t.match(await list(1, { resourceTypes: [99] }), { errorCode: 35, configResources: [] });
});
