import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TopicAdmin } from '../../engine/catalog/pulsar/topic-admin.js';
import { preparePulsar, startPulsar } from '../../test/peers/pulsar.js';
import { PulsarAdmin } from '../../workers/log/pulsar/admin.js';
import { noAuthentication } from '../../workers/log/pulsar/authentication.js';
import { partitionsOf } from '../load/pulsar/client.js';
import { startKopjeProcess } from './kopje.js';
import { kafkaTopics, type Stored, type Target } from './target.js';

/** Of the raw producers' topics: Kopje would own those in its own. */
const rawNamespace = 'public/bench';
/** Where Kopje keeps a topic whose name tells no namespace. */
const kafkaNamespace = 'public/default';
/** As Kafka's. */
const heap = '1g';
const adminTimeoutMs = 30_000;
const entryFormats = ['kafka', 'pulsar'] as const;

const onPulsar = { isOnPulsar: true, isJvm: true, launch: null, durable: null } as const;

/** Closed once, however many share it. */
interface Shared {
  close(): Promise<void>;
}

/**
 * A real Pulsar with Kopje in front of it: of each entry format Kopje, and a raw producer or reader of Pulsar's whose
 * entries have the same size. All are on one Pulsar, so that they can be compared.
 */
export async function startPulsarTargets(settings: readonly string[]): Promise<Target[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pulsar-bench-'));
  const pulsar = await startPulsar({
    home: await preparePulsar(),
    dataDir,
    heap,
    livesLong: true,
  });
  const { serviceUrl, adminUrl } = pulsar;
  const backend = [`backend=${serviceUrl}`, `pulsarAdminUrl=${adminUrl}`];
  const kopje = await startKopjeProcess([...backend, ...settings]);
  const ledgers = new PulsarAdmin({
    url: adminUrl,
    authentication: noAuthentication,
    timeoutMs: adminTimeoutMs,
    tls: {},
  });
  const admin = new TopicAdmin(ledgers.http);
  await admin.ensureNamespace(rawNamespace);
  await admin.keepForEver(rawNamespace);
  let open = 2 * entryFormats.length;
  const shared: Shared = {
    async close() {
      if (--open > 0) return;
      ledgers.http.close();
      await kopje.close();
      await pulsar.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return entryFormats.flatMap((entryFormat) => [
    {
      name: `kopje/${entryFormat}`,
      pid: kopje.pid,
      behind: [pulsar.pid],
      entryFormat,
      ...onPulsar,
      ...kafkaTopics('127.0.0.1', kopje.port, { 'entry.format': entryFormat, ...owned }),
      stored: (topic, partitions) =>
        storedOf(ledgers, `persistent://${kafkaNamespace}/${topic}`, partitions),
      ...shared,
    },
    {
      name: `raw/${entryFormat}`,
      pid: pulsar.pid,
      behind: [],
      entryFormat,
      ...onPulsar,
      address: { protocol: 'pulsar', serviceUrl, adminUrl },
      ...rawTopics(admin),
      stored: (topic, partitions) => storedOf(ledgers, topic, partitions),
      ...shared,
    },
  ]);
}

/** Kept as long as a run takes. */
const owned = { 'retention.ms': '-1' };

async function storedOf(admin: PulsarAdmin, topic: string, partitions: number): Promise<Stored> {
  const lists = await Promise.all(
    partitionsOf(topic, partitions).map((partition) => admin.ledgers(partition)),
  );
  const ledgers = lists.flatMap((list) => list.ledgers);
  return {
    entries: ledgers.reduce((total, { entries }) => total + entries, 0),
    sizeBytes: ledgers.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  };
}

function rawTopics(admin: TopicAdmin): Pick<Target, 'createTopic' | 'deleteTopic'> {
  return {
    async createTopic(topic, partitions) {
      const name = `persistent://${rawNamespace}/${topic}`;
      await admin.createPartitioned(name, { partitions, properties: {} });
      return name;
    },
    deleteTopic: (name) => admin.remove(name, true),
  };
}
