import type { Settings } from '../../config/schema.js';
import type { Finding } from '../finding.js';

/** A broker's settings by their names in broker.conf. */
export type BrokerSettings = Readonly<Record<string, string>>;

/** What a batch's entry takes beside its records, at most. */
const entryOverheadBytes = 16 * 1024;

/** Judges what a broker tells of its settings. */
export function judgeBroker(broker: BrokerSettings, settings: Settings): Finding[] {
  return [
    inactiveTopics(broker),
    autoCreation(broker),
    messageSize(Number(broker['maxMessageSize']), settings),
    tailDelay(broker),
    watches(broker),
  ].flat();
}

/** Copies that Pulsar makes of each entry, and how many of them a receipt waits for. */
export function judgeQuorum(broker: BrokerSettings, own: Partial<Persistence> | null): Finding[] {
  const write = own?.bookkeeperWriteQuorum ?? Number(broker['managedLedgerDefaultWriteQuorum']);
  const ack = own?.bookkeeperAckQuorum ?? Number(broker['managedLedgerDefaultAckQuorum']);
  const journal: Finding = {
    level: 'ok',
    subject,
    text:
      'the admin API does not tell whether bookies sync their journals before they answer: ' +
      'journalSyncData=true in bookkeeper.conf, which is the default',
  };
  const text = `${write} copies of each entry, ${ack} of them stored before a receipt`;
  if (write > 1 && ack > 1) return [{ level: 'ok', subject, text }, journal];
  const advice =
    'set managedLedgerDefaultWriteQuorum and managedLedgerDefaultAckQuorum to 2 or more: ' +
    'with 1 an acknowledged record is lost with its bookie';
  return [{ level: 'warning', subject, text, advice }, journal];
}

/** `pulsar-admin namespaces get-persistence`. */
export interface Persistence {
  readonly bookkeeperWriteQuorum: number;
  readonly bookkeeperAckQuorum: number;
}

/** Whether the largest batch that Kafka's clients may send fits into an entry. */
export function messageSize(maxMessageBytes: number, { messageMaxBytes }: Settings): Finding {
  const text = `entries of up to ${maxMessageBytes} bytes`;
  if (messageMaxBytes + entryOverheadBytes <= maxMessageBytes)
    return { level: 'ok', subject, text };
  const wanted = messageMaxBytes + entryOverheadBytes;
  const advice =
    `lower messageMaxBytes (${messageMaxBytes}), or set maxMessageSize=${wanted} in broker.conf ` +
    `and nettyMaxFrameSizeBytes=${wanted + entryOverheadBytes} in bookkeeper.conf`;
  return { level: 'warning', subject, text, advice };
}

const subject = 'pulsar';

function inactiveTopics(broker: BrokerSettings): Finding {
  if (broker['brokerDeleteInactiveTopicsEnabled'] !== 'true') {
    return { level: 'ok', subject, text: 'topics that nobody uses are kept' };
  }
  return {
    level: 'warning',
    subject,
    text: 'topics that nobody uses are deleted, with their records, where no policy forbids it',
    advice:
      'set brokerDeleteInactiveTopicsEnabled=false in broker.conf: Kopje sets the policy on ' +
      'topics that Kafka clients make, and Pulsar clients make others',
  };
}

function autoCreation(broker: BrokerSettings): Finding {
  const isOn = broker['allowAutoTopicCreation'] === 'true';
  if (!isOn || broker['allowAutoTopicCreationType'] === 'partitioned') {
    const how = isOn ? 'with partitions' : 'only on request';
    return { level: 'ok', subject, text: `Pulsar clients make topics ${how}` };
  }
  return {
    level: 'warning',
    subject,
    text: 'topics that Pulsar clients make by using them have no partitions, and cannot grow',
    advice: 'set allowAutoTopicCreationType=partitioned in broker.conf',
  };
}

function tailDelay(broker: BrokerSettings): Finding[] {
  const delayMs = Number(broker['managedLedgerNewEntriesCheckDelayInMillis']);
  if (delayMs === 0) return [];
  return [
    {
      level: 'warning',
      subject,
      text: `consumers at the end of a topic hear of a record up to ${delayMs} ms late`,
      advice: 'set managedLedgerNewEntriesCheckDelayInMillis=0 in broker.conf',
    },
  ];
}

function watches(broker: BrokerSettings): Finding[] {
  if (broker['enableBrokerSideSubscriptionPatternEvaluation'] !== 'false') return [];
  return [
    {
      level: 'problem',
      subject,
      text: 'the broker watches no topics, so that those that Pulsar makes would not be seen',
      advice: 'set enableBrokerSideSubscriptionPatternEvaluation=true in broker.conf',
    },
  ];
}
