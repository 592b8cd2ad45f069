import t from 'tap';
import {
  configProperties,
  derivedId,
  idOf,
  idPropertyOf,
  overridesOf,
  propertiesOf,
  retentionOf,
  withRetention,
} from '../../../../engine/catalog/pulsar/topic-properties.js';
import { isTopicId, randomTopicId } from '../../../../engine/catalog/topic-id.js';
import { logConfig } from '../../../workers/log/log-config.js';

t.test('a topic id is a UUID there and comes back the same', async (t) => {
  const id = randomTopicId();
  const properties = idPropertyOf(id);
  t.match(properties, { kafkaTopicUUID: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ });
  t.equal(idOf(properties), id);
  t.equal(idOf({}), null);
  t.equal(idOf({ kafkaTopicUUID: 'none' }), null);
});

t.test('an id that is derived tells topics and their lives apart', async (t) => {
  const ids = [
    derivedId('persistent://a/b/t', 'then'),
    derivedId('persistent://a/b/t', 'now'),
    derivedId('persistent://a/b/u', 'then'),
  ];
  t.equal(new Set(ids).size, 3);
  t.ok(ids.every((id) => isTopicId(id) && !id.startsWith('-')));
  t.equal(derivedId('persistent://a/b/t', 'then'), ids[0]);
});

t.test('configs are properties, and what Kafka does not allow is left out', async (t) => {
  const overrides = new Map([
    ['retention.ms', '5'],
    ['entry.format', 'mixed_kafka'],
  ]);
  const properties = configProperties(overrides);
  t.strictSame(properties, { 'kopje.config.retention.ms': '5', kafkaEntryFormat: 'mixed_kafka' });
  t.strictSame([...overridesOf(properties)], [...overrides]);
  const odd = {
    'kopje.config.retention.ms': 'soon',
    'kopje.config.unknown': '1',
    kafkaEntryFormat: 'avro',
    other: 'x',
  };
  t.strictSame([...overridesOf({ ...odd, ...idPropertyOf(randomTopicId()) })], []);
  t.strictSame(Object.keys(propertiesOf(randomTopicId(), overrides)), [
    'kafkaTopicUUID',
    ...Object.keys(properties),
  ]);
});

t.test('a retention that was set in Pulsar is that of the topic', async (t) => {
  const of = (retentionTimeInMinutes: number, retentionSizeInMB: number) => {
    const policy = { retentionTimeInMinutes, retentionSizeInMB };
    const overrides = overridesOf(withRetention({ 'kopje.config.retention.ms': '5' }, policy));
    return [overrides.get('retention.ms'), overrides.get('retention.bytes')];
  };
  t.strictSame(of(90, -1), ['5400000', '-1']);
  t.strictSame(of(-1, 2), ['-1', '2097152']);
  t.strictSame(of(0, 0), ['0', '0']);
});

t.test('retention is rounded up, never to nothing', async (t) => {
  const of = (retentionMs: number, retentionBytes: number, cleanupDelete = true) => {
    const config = logConfig({ retentionMs, retentionBytes, cleanupDelete });
    const { retentionTimeInMinutes, retentionSizeInMB } = retentionOf(config);
    return [retentionTimeInMinutes, retentionSizeInMB];
  };
  t.strictSame(of(-1, -1), [-1, -1]);
  t.strictSame(of(0, 0), [1, 1]);
  t.strictSame(of(1, 1), [1, 1]);
  t.strictSame(of(60_000, 2 ** 20), [1, 1]);
  t.strictSame(of(60_001, 2 ** 20 + 1), [2, 2]);
  t.strictSame(of(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), [2 ** 31 - 1, 2 ** 31 - 1]);
  t.strictSame(of(5, 5, false), [-1, -1], 'what is only compacted is kept');
});
