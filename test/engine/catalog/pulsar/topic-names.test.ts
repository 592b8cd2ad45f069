import t from 'tap';
import { TopicNames, withoutPartition } from '../../../../engine/catalog/pulsar/topic-names.js';
import { defaultSettings } from '../../../../engine/config/schema.js';

const names = new TopicNames({
  ...defaultSettings(),
  kafkaTenant: 'mine',
  kafkaNamespace: 'own',
  kafkaAllowedNamespaces: ['other/ns'],
});

t.test('every name of a topic means the same one', async (t) => {
  const own = { namespace: 'mine/own', kafkaName: 't', pulsarTopic: 'persistent://mine/own/t' };
  for (const name of ['t', 'mine/own/t', 'persistent://mine/own/t']) {
    t.strictSame(names.ofKafka(name), own);
  }
  t.strictSame(names.ofPulsar('persistent://mine/own/t'), own);
  const other = {
    namespace: 'other/ns',
    kafkaName: 'other/ns/t',
    pulsarTopic: 'persistent://other/ns/t',
  };
  t.strictSame(names.ofKafka('other/ns/t'), other);
  t.strictSame(names.ofPulsar('persistent://other/ns/t'), other);
  const offsets = {
    namespace: 'public/__kafka',
    kafkaName: '__consumer_offsets',
    pulsarTopic: 'persistent://public/__kafka/__consumer_offsets',
  };
  t.strictSame(names.ofKafka('__consumer_offsets'), offsets);
  t.strictSame(names.ofPulsar(offsets.pulsarTopic), offsets);
});

t.test('what of a cluster clients do not see', async (t) => {
  for (const topic of [
    'persistent://mine/own/t-partition-3',
    'persistent://mine/own/__change_events',
    'persistent://mine/own/__transaction_buffer_snapshot',
    'persistent://mine/own/__consumer_offsets',
    'persistent://mine/own/sub__transaction_pending_ack',
    'persistent://mine/own/with space',
    'persistent://no/where/t',
    'persistent://public/__kafka/__kopje_cluster',
    'persistent://public/__kafka/__transaction_state',
    'non-persistent://mine/own/t',
  ]) {
    t.equal(names.ofPulsar(topic), null, topic);
  }
});

t.test('names that cannot be, and why', async (t) => {
  const faults: [string, RegExp][] = [
    ['', /empty string/],
    ['a b', /contains one or more characters/],
    ['no/where/t', /no\/where is not served here/],
    ['other/ns/a b', /contains one or more characters/],
    ['other/ns/', /empty string/],
    ['other/ns/__consumer_offsets', /is no topic of other\/ns/],
    ['other/ns/__change_events', /is no topic of other\/ns/],
    [`other/ns/${'x'.repeat(245)}`, /longer than 249/],
    ['a/b', /contains one or more characters/],
  ];
  for (const [name, fault] of faults) {
    t.match(names.fault(name), fault);
    t.equal(names.ofKafka(name), null);
  }
});

t.test('a partition and its topic', async (t) => {
  t.equal(withoutPartition('persistent://a/b/t-partition-12'), 'persistent://a/b/t');
  t.equal(withoutPartition('persistent://a/b/t-partition-x'), 'persistent://a/b/t-partition-x');
});
