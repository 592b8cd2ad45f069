import t from 'tap';
import { judgeBroker, judgeQuorum } from '../../../../engine/cli/checks/pulsar-settings.js';
import type { Finding } from '../../../../engine/cli/finding.js';
import { defaultSettings } from '../../../../engine/config/schema.js';

const good = {
  brokerDeleteInactiveTopicsEnabled: 'false',
  allowAutoTopicCreation: 'true',
  allowAutoTopicCreationType: 'partitioned',
  maxMessageSize: '5242880',
  managedLedgerNewEntriesCheckDelayInMillis: '0',
  enableBrokerSideSubscriptionPatternEvaluation: 'true',
  managedLedgerDefaultWriteQuorum: '3',
  managedLedgerDefaultAckQuorum: '2',
};

/** Advice of what is not all right. */
const advice = (findings: readonly Finding[]) =>
  findings.filter(({ level }) => level !== 'ok').map(({ advice }) => advice ?? '');

t.test('a broker that is set up well', async (t) => {
  t.strictSame(advice(judgeBroker(good, defaultSettings())), []);
  t.strictSame(advice(judgeQuorum(good, null)), []);
  const off = { ...good, allowAutoTopicCreation: 'false', allowAutoTopicCreationType: '' };
  t.strictSame(advice(judgeBroker(off, defaultSettings())), []);
});

t.test('each setting that is not is named with its value', async (t) => {
  const cases: [string, string, RegExp][] = [
    ['brokerDeleteInactiveTopicsEnabled', 'true', /brokerDeleteInactiveTopicsEnabled=false/],
    ['allowAutoTopicCreationType', 'non-partitioned', /allowAutoTopicCreationType=partitioned/],
    ['managedLedgerNewEntriesCheckDelayInMillis', '10', /NewEntriesCheckDelayInMillis=0/],
    ['enableBrokerSideSubscriptionPatternEvaluation', 'false', /PatternEvaluation=true/],
    ['maxMessageSize', '1000000', /set maxMessageSize=\d+ .*nettyMaxFrameSizeBytes=\d+/],
  ];
  for (const [name, value, expected] of cases) {
    const [first, ...more] = advice(judgeBroker({ ...good, [name]: value }, defaultSettings()));
    t.match(first, expected);
    t.strictSame(more, []);
  }
});

t.test("copies of each entry, as the broker or the namespace's policy says", async (t) => {
  const one = { ...good, managedLedgerDefaultAckQuorum: '1' };
  t.match(advice(judgeQuorum(one, null)), [/managedLedgerDefaultAckQuorum to 2/]);
  const own = { bookkeeperWriteQuorum: 3, bookkeeperAckQuorum: 3 };
  t.strictSame(advice(judgeQuorum(one, own)), []);
});
