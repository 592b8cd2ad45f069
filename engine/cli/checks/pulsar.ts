import { AdminError } from '../../../workers/log/pulsar/admin.js';
import { openPulsarClient, type PulsarClient } from '../../../workers/log/pulsar/client.js';
import { isForbidden, TopicAdmin } from '../../catalog/pulsar/topic-admin.js';
import { TopicNames } from '../../catalog/pulsar/topic-names.js';
import { PulsarLock } from '../../cluster/pulsar-lock.js';
import { SettingsError } from '../../config/mistakes.js';
import { backendOf } from '../../config/pulsar-backend.js';
import type { Settings } from '../../config/schema.js';
import type { Finding } from '../finding.js';
import {
  type BrokerSettings,
  judgeBroker,
  judgeQuorum,
  messageSize,
  type Persistence,
} from './pulsar-settings.js';
import { tryTopic } from './pulsar-trial.js';

const subject = 'pulsar';

/** Whether a Pulsar cluster has what Kopje needs, tried by writing and reading in a topic that is removed after. */
export async function checkPulsar(settings: Settings): Promise<Finding[]> {
  let client: PulsarClient | null = null;
  const findings: Finding[] = [];
  try {
    const backend = await backendOf(settings);
    if (backend.kind !== 'pulsar') return [];
    client = openPulsarClient(backend);
    await checkCluster(client, settings, findings);
  } catch (error) {
    findings.push(failure(error as Error, settings));
  } finally {
    await client?.close();
  }
  return findings;
}

async function checkCluster(
  client: PulsarClient,
  settings: Settings,
  findings: Finding[],
): Promise<void> {
  const { http } = client.admin;
  const version = await http.ask({ method: 'GET', path: 'brokers/version' });
  const connection = await client.lookup.anyBroker();
  const text = `Pulsar ${version.body.toString()} answers at ${settings.backend} and ${settings.pulsarAdminUrl}`;
  findings.push({ level: 'ok', subject, text });
  const names = new TopicNames(settings);
  const admin = new TopicAdmin(http);
  for (const namespace of names.namespaces) {
    findings.push(await checkRetention(client, namespace));
  }
  findings.push(await checkMetadataNamespace(admin, names.metadataNamespace));
  findings.push(await checkLock(new PulsarLock(client, names.metadataNamespace)));
  findings.push(...(await tryTopic(client, admin, names.namespaces[0] as string)));
  const broker = await brokerSettings(client);
  if (broker === null) {
    findings.push(messageSize(connection.maxMessageBytes, settings));
    const untold = 'broker.conf was not looked at: only a super-user is told its settings';
    findings.push({ level: 'warning', subject, text: untold, advice: unseenAdvice });
    return;
  }
  findings.push(...judgeBroker(broker, settings));
  const path = `namespaces/${names.namespaces[0]}/persistence`;
  findings.push(...judgeQuorum(broker, await policy<Persistence>(client, path)));
}

const unseenAdvice =
  'look there for brokerDeleteInactiveTopicsEnabled=false, allowAutoTopicCreationType=partitioned, ' +
  'managedLedgerNewEntriesCheckDelayInMillis=0, managedLedgerDefaultWriteQuorum and …AckQuorum of 2 or more';

/** What a topic has that Kafka's clients did not make. */
async function checkRetention(client: PulsarClient, namespace: string): Promise<Finding> {
  const retention = await policy<{ retentionTimeInMinutes: number }>(
    client,
    `namespaces/${namespace}/retention`,
  );
  if (retention !== null && retention.retentionTimeInMinutes !== 0) {
    return { level: 'ok', subject, text: `${namespace} keeps records that were consumed` };
  }
  return {
    level: 'warning',
    subject,
    text: `${namespace} has no retention: topics that Pulsar clients make there keep only what a subscription holds`,
    advice: `pulsar-admin namespaces set-retention ${namespace} --time 7d --size -1`,
  };
}

async function checkMetadataNamespace(admin: TopicAdmin, namespace: string): Promise<Finding> {
  try {
    await admin.ensureNamespace(namespace);
    await admin.keepForEver(namespace);
    return { level: 'ok', subject, text: `${namespace} keeps groups and their offsets for ever` };
  } catch (error) {
    return {
      level: 'problem',
      subject,
      text: `${namespace} cannot be made to keep groups and their offsets: ${(error as Error).message}`,
      advice:
        `pulsar-admin namespaces create ${namespace}, ` +
        `and pulsar-admin namespaces set-retention ${namespace} --time -1 --size -1`,
    };
  }
}

/** Whose turn it is to serve. */
async function checkLock(lock: PulsarLock): Promise<Finding> {
  const { epoch, note } = (await lock.exists()) ? await lock.read() : { epoch: -1, note: null };
  let text = `nobody has the lock of ${lock.name}`;
  if (note !== null && !(note.isReleased && note.epoch === epoch)) {
    text =
      `${note.node} has the lock of ${lock.name}, last renewed at ${note.renewedAt}: ` +
      'another node waits until it is released, or not renewed for ' +
      `${note.sessionTimeoutMs} ms`;
  }
  return { level: 'ok', subject, text };
}

async function brokerSettings({ admin }: PulsarClient): Promise<BrokerSettings | null> {
  try {
    return await admin.http.get<BrokerSettings>('brokers/configuration/runtime');
  } catch (error) {
    if (error instanceof AdminError) return null;
    throw error;
  }
}

/** A policy of a namespace; null where it has none of its own. */
async function policy<Policy>({ admin }: PulsarClient, path: string): Promise<Policy | null> {
  const { body } = await admin.http.ask({ method: 'GET', path });
  return body.length === 0 ? null : (JSON.parse(body.toString()) as Policy);
}

function failure(error: Error, settings: Settings): Finding {
  const text = error.message;
  if (error instanceof SettingsError) return { level: 'problem', subject, text };
  if (error instanceof AdminError && error.status === 404) {
    const advice = 'make it: pulsar-admin namespaces create TENANT/NAMESPACE, or name another one';
    return { level: 'problem', subject, text, advice };
  }
  if (isForbidden(error)) {
    const advice =
      'see that brokerClientAuthenticationPlugin and …Parameters name a role that may, ' +
      'such as an admin of the tenant: pulsar-admin tenants update TENANT --admin-roles ROLE';
    return { level: 'problem', subject, text, advice };
  }
  const advice = `see that Pulsar runs at ${settings.backend} and ${settings.pulsarAdminUrl}`;
  return { level: 'problem', subject, text, advice };
}
