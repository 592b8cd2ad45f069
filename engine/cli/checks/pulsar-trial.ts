import { randomUUID } from 'node:crypto';
import { IndexMissing } from '../../../workers/log/pulsar/admin.js';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import { emptyEntry } from '../../../workers/log/pulsar/empty-entry.js';
import { PulsarReader } from '../../../workers/log/pulsar/reader.js';
import { sendOne } from '../../../workers/log/pulsar/send-one.js';
import type { TopicAdmin } from '../../catalog/pulsar/topic-admin.js';
import { AccessMode, type MessageId } from '../../protocol/pulsar/commands.js';
import type { Finding } from '../finding.js';

const subject = 'pulsar';
const readTimeoutMs = 10_000;
/** Messages of the entry that is written: its index is that of the last of them. */
const messages = 3;
const rights = (namespace: string) =>
  `make Kopje's role an admin of the tenant ${namespace.split('/')[0]}: pulsar-admin tenants update`;

/** Makes a topic, writes and reads in it as Kopje will, and removes it. */
export async function tryTopic(
  client: PulsarClient,
  admin: TopicAdmin,
  namespace: string,
): Promise<Finding[]> {
  const parent = `persistent://${namespace}/kopje-check-${randomUUID()}`;
  const topic = `${parent}-partition-0`;
  const findings: Finding[] = [];
  const stopped = await attempt(
    findings,
    `topics can be made in ${namespace}`,
    rights(namespace),
    () => admin.createPartitioned(parent, { partitions: 1, properties: { kopje: 'check' } }),
  );
  if (stopped) return findings;
  try {
    await attempt(findings, 'topics keep properties', rights(namespace), () =>
      admin.setProperties(parent, { kopje: 'checked' }),
    );
    const forEver = { retentionTimeInMinutes: -1, retentionSizeInMB: -1 };
    await attempt(
      findings,
      'topics have a retention of their own',
      'set systemTopicEnabled=true and topicLevelPoliciesEnabled=true in broker.conf',
      () => admin.setRetention(parent, forEver),
    );
    const stored: MessageId[] = [];
    const isMute = await attempt(
      findings,
      `an only producer can write in ${namespace}`,
      `grant it: pulsar-admin namespaces grant-permission ${namespace} --role ROLE --actions produce,consume`,
      async () => stored.push(await write(client, topic)),
    );
    if (!isMute) findings.push(...(await checkIndex(client, topic, stored[0] as MessageId)));
  } finally {
    await attempt(
      findings,
      null,
      `remove it: pulsar-admin topics delete-partitioned-topic -f ${parent}`,
      () => admin.remove(parent, true),
    );
  }
  return findings;
}

/** True if it failed, which is then a problem. `text` is what it shows if it does not; null: nothing. */
async function attempt(
  findings: Finding[],
  text: string | null,
  advice: string,
  step: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await step();
    if (text !== null) findings.push({ level: 'ok', subject, text });
    return false;
  } catch (error) {
    findings.push({ level: 'problem', subject, text: (error as Error).message, advice });
    return true;
  }
}

async function write({ lookup }: PulsarClient, topic: string): Promise<MessageId> {
  const connection = await lookup.connectionFor(topic, 'write');
  const entry = emptyEntry(messages, Date.now());
  return sendOne(connection, topic, AccessMode.exclusiveWithFencing, entry);
}

/** Whether entries are numbered, and whether clients are told the numbers. */
async function checkIndex(client: PulsarClient, topic: string, id: MessageId): Promise<Finding[]> {
  const numbered: Finding = { level: 'ok', subject, text: 'entries are numbered' };
  try {
    const { index } = await client.admin.entry(topic, id);
    if (index !== messages - 1) {
      const text = `an entry of ${messages} messages in an empty topic has index ${index}`;
      return [{ level: 'problem', subject, text }];
    }
  } catch (error) {
    if (!(error instanceof IndexMissing)) throw error;
    const text = 'entries are not numbered, so that records have no offsets';
    const advice =
      'set brokerEntryMetadataInterceptors=org.apache.pulsar.common.intercept.AppendIndexMetadataInterceptor ' +
      'in broker.conf and restart the brokers; entries written before stay without';
    return [{ level: 'problem', subject, text, advice }];
  }
  if ((await delivered(client, topic, id)) === messages - 1) {
    return [numbered, { level: 'ok', subject, text: 'clients are told the numbers' }];
  }
  const text = 'clients are not told the numbers of entries';
  const advice =
    'set exposingBrokerEntryMetadataToClientEnabled=true in broker.conf and restart the brokers';
  return [numbered, { level: 'problem', subject, text, advice }];
}

/** The index that a reader is told; -1: none. */
async function delivered({ lookup }: PulsarClient, topic: string, id: MessageId): Promise<number> {
  const connection = await lookup.connectionFor(topic, 'read');
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      const late = () => reject(new Error(`${topic}: an entry was not delivered`));
      timer = setTimeout(late, readTimeoutMs);
      PulsarReader.open(connection, topic, id, 1, {
        entry: (_, { index }) => resolve(index),
        ended: reject,
      }).catch(reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
