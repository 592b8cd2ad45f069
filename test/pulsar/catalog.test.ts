/** The catalog against a real Pulsar: topics made, grown, changed and deleted on either side appear on the other. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import { NamespaceWatches } from '../../engine/catalog/pulsar/namespace-watches.js';
import { PulsarCatalog } from '../../engine/catalog/pulsar/pulsar-catalog.js';
import type { Topic } from '../../engine/catalog/topic.js';
import { defaultSettings } from '../../engine/config/schema.js';
import { silent } from '../engine/catalog/open-catalog.js';
import { FakePartitionPort } from '../engine/fake-partition-port.js';
import { adminUrl, backend, client } from './peer.js';

// A broker that was just started takes seconds for its first topics and policies.
t.setTimeout(180_000);

/** What Pulsar's own tools would ask. */
async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${adminUrl}/admin/v2/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const text = await response.text();
  if (!response.ok) return response.status;
  return text === '' ? null : (JSON.parse(text) as unknown);
}

interface Opened {
  readonly catalog: PulsarCatalog;
  readonly port: FakePartitionPort;
  readonly events: string[];
  /** Resolves when the catalog has told this. */
  told(event: string): Promise<void>;
}

async function openCatalog(
  t: Test,
  given: Partial<ReturnType<typeof defaultSettings>> = {},
): Promise<Opened> {
  const settings = {
    ...defaultSettings(backend.serviceUrl),
    backend: backend.serviceUrl,
    ...given,
  };
  const port = new FakePartitionPort('');
  const { signal } = new AbortController();
  const options = { client: client(), partitions: port, settings, log: silent, signal };
  const catalog = await PulsarCatalog.open(options);
  t.teardown(() => catalog.close());
  const events: string[] = [];
  const news = new EventTarget();
  const tell = (event: string) => {
    events.push(event);
    news.dispatchEvent(new Event('told'));
  };
  catalog.on({
    created: ({ name, partitions }) => tell(`created ${name} ${partitions.length}`),
    deleted: ({ name }) => tell(`deleted ${name}`),
    grown: ({ name, partitions }, firstNew) =>
      tell(`grown ${name} ${firstNew} ${partitions.length}`),
    configured: ({ name }) => tell(`configured ${name}`),
  });
  const told = async (event: string) => {
    while (!events.includes(event))
      await new Promise((resolve) => news.addEventListener('told', resolve, { once: true }));
  };
  return { catalog, port, events, told };
}

/** Asks until it is so; the test's own time ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(50);
}

const newName = () => `t-${randomUUID()}`;
const pathOf = (name: string) => `persistent/public/default/${name}`;

/** A topic id as Pulsar's properties have it. */
function uuidOf({ id }: Topic): string {
  const hex = Buffer.from(id, 'base64url').toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

t.test('a topic made for Kafka is in Pulsar, with its id, configs and retention', async (t) => {
  const { catalog, port } = await openCatalog(t);
  const name = newName();
  const overrides = new Map([
    ['retention.ms', '90000'],
    ['entry.format', 'kafka'],
  ]);
  const topic = await catalog.createTopic({ name, partitions: 3, overrides });
  t.strictSame(await ask('GET', `${pathOf(name)}/partitions`), {
    partitions: 3,
    deleted: false,
    properties: {
      kafkaTopicUUID: uuidOf(topic),
      kafkaEntryFormat: 'kafka',
      'kopje.config.retention.ms': '90000',
      'kopje.pulsarWriters': 'exclusive',
    },
  });
  t.strictSame(await ask('GET', `${pathOf(name)}/retention`), {
    retentionTimeInMinutes: 2,
    retentionSizeInMB: -1,
  });
  t.match(await ask('GET', `${pathOf(name)}/inactiveTopicPolicies`), {
    deleteWhileInactive: false,
  });
  const opened = port.opened.filter((spec) => spec.topic === name);
  t.strictSame(
    opened.map(({ pulsar }) => pulsar?.topic),
    [0, 1, 2].map((index) => `persistent://public/default/${name}-partition-${index}`),
  );
  t.equal(opened[0]?.config.entryFormat, 'kafka');
  await t.rejects(catalog.createTopic({ name, partitions: 1, overrides: new Map() }), {
    code: 'topic-exists',
  });

  const changed = await catalog.setOverrides(
    name,
    () => new Map([['retention.bytes', '1']]),
    false,
  );
  t.strictSame([...changed.overrides], [['retention.bytes', '1']]);
  // Above the quota of 10 GiB that a standalone has. A policy goes through a topic of Pulsar's own.
  const expected = { retentionTimeInMinutes: 7 * 24 * 60, retentionSizeInMB: 10 * 1024 + 1 };
  await until(async () =>
    isDeepStrictEqual(await ask('GET', `${pathOf(name)}/retention`), expected),
  );
  t.strictSame(await ask('GET', `${pathOf(name)}/properties`), {
    kafkaTopicUUID: uuidOf(topic),
    'kopje.config.retention.bytes': '1',
    'kopje.retention': '10080:10241',
    'kopje.pulsarWriters': 'exclusive',
  });

  const grown = await catalog.createPartitions(name, 5);
  t.equal(grown.partitions.length, 5);
  t.match(await ask('GET', `${pathOf(name)}/partitions`), { partitions: 5 });

  await catalog.deleteTopic(name);
  t.equal(catalog.topic(name), undefined);
  t.equal(await ask('GET', `${pathOf(name)}/partitions`), 404);
  t.equal(port.closed.filter((closed) => closed.startsWith(name)).length, 5);
  await t.rejects(catalog.deleteTopic(name), { code: 'unknown-topic' });
});

t.test('a second Kopje knows the same topics, ids and configs', async (t) => {
  const first = await openCatalog(t);
  const name = newName();
  const overrides = new Map([['segment.ms', '7']]);
  const made = await first.catalog.createTopic({ name, partitions: 2, overrides });
  const second = await openCatalog(t);
  const found = second.catalog.topic(name);
  t.equal(found?.id, made.id);
  t.strictSame([...(found?.overrides ?? [])], [...overrides]);
  t.equal(second.catalog.clusterId, first.catalog.clusterId);
  // Somebody sets it in Pulsar.
  const retention = { retentionTimeInMinutes: 90, retentionSizeInMB: -1 };
  await ask('POST', `${pathOf(name)}/retention`, retention);
  await until(async () =>
    isDeepStrictEqual(await ask('GET', `${pathOf(name)}/retention`), retention),
  );
  const third = await openCatalog(t);
  t.strictSame(
    [...(third.catalog.topic(name)?.overrides ?? [])],
    [...overrides, ['retention.ms', '5400000'], ['retention.bytes', '-1']],
  );
  await first.catalog.deleteTopic(name);
  await second.told(`deleted ${name}`);
});

t.test('what Pulsar makes, grows and deletes is followed', async (t) => {
  const { catalog, told } = await openCatalog(t);
  const name = newName();
  await ask('PUT', `${pathOf(name)}/partitions`, 2);
  await told(`created ${name} 2`);
  const topic = catalog.topic(name) as Topic;
  // Written once, so that all others take the same.
  t.match(await ask('GET', `${pathOf(name)}/properties`), { kafkaTopicUUID: uuidOf(topic) });
  await ask('POST', `${pathOf(name)}/partitions`, 4);
  await told(`grown ${name} 2 4`);
  t.equal(catalog.topic(name)?.id, topic.id);
  await ask('DELETE', `${pathOf(name)}/partitions?force=true`);
  await told(`deleted ${name}`);

  const plain = newName();
  await ask('PUT', pathOf(plain));
  await told(`created ${plain} 1`);
  const plainTopic = catalog.topic(plain) as Topic;
  t.match(await ask('GET', `${pathOf(plain)}/properties`), { kafkaTopicUUID: uuidOf(plainTopic) });
  await t.rejects(catalog.createPartitions(plain, 2), { code: 'too-many-partitions' });
  await catalog.deleteTopic(plain);
  t.equal(await ask('GET', `${pathOf(plain)}/properties`), 404);
});

t.test('a topic made anew under the same name has another id', async (t) => {
  const { catalog, told, events } = await openCatalog(t);
  const name = newName();
  await ask('PUT', `${pathOf(name)}/partitions`, 1);
  await told(`created ${name} 1`);
  const before = catalog.topic(name)?.id;
  await ask('DELETE', `${pathOf(name)}/partitions?force=true`);
  await ask('PUT', `${pathOf(name)}/partitions`, 2);
  await told(`created ${name} 2`);
  t.not(catalog.topic(name)?.id, before);
  t.ok(events.includes(`deleted ${name}`));
});

t.test('full names, and what clients do not see', async (t) => {
  const { catalog } = await openCatalog(t);
  const name = newName();
  const full = `persistent://public/default/${name}`;
  const made = await catalog.createTopic({ name: full, partitions: 1, overrides: new Map() });
  t.equal(made.name, full);
  t.equal(catalog.topic(name)?.id, made.id);
  t.equal(catalog.topic(full), catalog.topic(full), 'the same object for the same topic');
  t.equal(catalog.topic(`public/default/${name}`)?.name, `public/default/${name}`);
  t.match(catalog.nameFault(`other/default/${name}`), /other\/default is not served/);
  t.notOk([...catalog.topics()].some((topic) => /__|-partition-/.test(topic.name)));
  await catalog.deleteTopic(full);
});

t.test('the offsets topic is in the metadata namespace, which keeps all for ever', async (t) => {
  const namespace = `kopje-${randomUUID()}`;
  const given = { kafkaMetadataNamespace: namespace };
  const { catalog, port } = await openCatalog(t, given);
  const topic = await catalog.ensureTopic('__consumer_offsets');
  t.ok(topic.internal);
  t.strictSame(await ask('GET', `namespaces/public/${namespace}/retention`), {
    retentionTimeInMinutes: -1,
    retentionSizeInMB: -1,
  });
  t.match(port.opened.at(-1), {
    topic: '__consumer_offsets',
    config: { entryFormat: 'kafka' },
    pulsar: { topic: /^persistent:\/\/public\/kopje-.*\/__consumer_offsets-partition-\d+$/ },
  });
  const again = await openCatalog(t, given);
  t.equal(again.catalog.topic('__consumer_offsets')?.id, topic.id);
});

t.test('no producer id is handed out twice, however many nodes ask', async (t) => {
  const catalogs = [await openCatalog(t), await openCatalog(t), await openCatalog(t)];
  const ids = await Promise.all(
    Array.from({ length: 2_500 }, (_, at) => catalogs[at % 3]?.catalog.producerIds.next()),
  );
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.every((id) => Number.isSafeInteger(id) && (id as number) >= 2 ** 40));
});

t.test('the id of the cluster is what the first Kopje gave it', async (t) => {
  const { catalog } = await openCatalog(t);
  t.ok(catalog.clusterId.length > 0);
  await t.rejects(openCatalog(t, { clusterId: 'another' }), {
    name: 'PulsarRefused',
    message: /clusterId is another, but this Pulsar cluster is /,
  });
});

t.test('what a namespace says of its topics is a property of it', async (t) => {
  const namespace = `public/kopje-${randomUUID()}`;
  await ask('PUT', `namespaces/${namespace}`);
  const { catalog, port } = await openCatalog(t, { kafkaAllowedNamespaces: [namespace] });
  const name = `${namespace}/t`;
  await catalog.createTopic({ name, partitions: 1, overrides: new Map() });
  t.equal(catalog.topic(name)?.config.entryFormat, 'pulsar');
  await catalog.setPolicy(namespace, () => new Map([['entry.format', 'kafka']]), false);
  t.equal(catalog.topic(name)?.config.entryFormat, 'kafka');
  t.match(port.configured.at(-1), [`${name}-0`, { entryFormat: 'kafka' }]);
  const path = `namespaces/${namespace}/properties`;
  t.strictSame(await ask('GET', path), { kafkaEntryFormat: 'kafka' });
  const other = await openCatalog(t, { kafkaAllowedNamespaces: [namespace] });
  t.equal(other.catalog.topic(name)?.config.entryFormat, 'kafka');
  await catalog.setPolicy(namespace, () => new Map(), false);
  t.strictSame(await ask('GET', path), {});
  await t.rejects(
    catalog.setPolicy('no/where', () => new Map(), false),
    { code: 'unknown-namespace' },
  );
});

t.test('a watch that ends is begun again', async (t) => {
  const pulsar = client();
  t.teardown(() => pulsar.close());
  let resume: (topics: readonly string[]) => void = () => undefined;
  const resumed = new Promise<readonly string[]>((resolve) => {
    resume = resolve;
  });
  const events = {
    changed: () => undefined,
    resumed: (_: string, topics: readonly string[]) => resume(topics),
  };
  const watches = new NamespaceWatches(pulsar, events, silent);
  t.teardown(() => watches.close());
  await watches.open('public/default');
  (await pulsar.lookup.anyBroker()).close();
  t.ok(Array.isArray(await resumed));
});
