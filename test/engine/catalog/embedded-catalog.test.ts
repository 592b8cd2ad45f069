import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { CatalogStore } from '../../../engine/catalog/store.js';
import type { Topic } from '../../../engine/catalog/topic.js';
import { openCatalog, temporaryDirectory } from './open-catalog.js';

const none = new Map<string, string>();

t.test('topics are there again after a restart, with their ids and configs', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  const made = await first.catalog.createTopic({
    name: 'orders',
    partitions: 3,
    overrides: new Map([['max.message.bytes', '77']]),
  });
  t.equal(made.config.maxMessageBytes, 77);
  t.match(made.id, /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
  t.equal(first.catalog.topicById(made.id), made);
  await first.close();

  const second = await openCatalog(path);
  const found = second.catalog.topic('orders')!;
  t.equal(found.id, made.id);
  t.equal(found.partitions.length, 3);
  t.strictSame([...found.overrides], [['max.message.bytes', '77']]);
  t.equal(found.config.maxMessageBytes, 77);
  t.equal(second.catalog.clusterId, first.catalog.clusterId);
  t.ok(second.directory.cleanShutdown);
  t.ok(second.port.opened.every((spec) => !spec.create && spec.cleanShutdown));
  await second.close();
});

t.test('a name is taken once', async (t) => {
  const { catalog, close } = await openCatalog(await temporaryDirectory(t));
  const spec = { name: 'a', partitions: 1, overrides: none };
  const outcomes = await Promise.allSettled([catalog.createTopic(spec), catalog.createTopic(spec)]);
  t.strictSame(outcomes.map((outcome) => outcome.status).sort(), ['fulfilled', 'rejected']);
  await t.rejects(catalog.createTopic(spec), { code: 'topic-exists' });
  t.equal(catalog.collidingTopic('a'), undefined);
  await catalog.createTopic({ ...spec, name: 'x.y' });
  t.equal(catalog.collidingTopic('x_y'), 'x.y');
  t.equal(catalog.collidingTopic('x.y'), undefined);
  await catalog.deleteTopic('x.y');
  t.equal(catalog.collidingTopic('x_y'), undefined);
  await close();
});

t.test('a deleted topic leaves at once, and its name can be used anew', async (t) => {
  const path = await temporaryDirectory(t);
  const { catalog, port, close } = await openCatalog(path);
  const old = await catalog.createTopic({ name: 'a', partitions: 2, overrides: none });
  const events: string[] = [];
  catalog.on({
    created: (topic) => events.push(`created ${topic.name}`),
    deleted: (topic) => {
      events.push(`deleted ${topic.name} ${topic.partitions.map((ref) => ref.online)}`);
    },
  });
  port.publish('a-1', { logStartOffset: 9, recoveryPoint: 12 });
  await catalog.checkpoints.writeAll();
  const [, recreated] = await Promise.all([
    catalog.deleteTopic('a'),
    catalog.createTopic({ name: 'a', partitions: 2, overrides: none }),
  ]);
  t.strictSame(events, ['deleted a false,false', 'created a']);
  t.not(recreated.id, old.id);
  t.equal(catalog.topicById(old.id), undefined);
  t.equal(await readFile(join(path, 'log-start-offset-checkpoint'), 'utf8'), '0\n0\n');
  await t.rejects(catalog.deleteTopic('b'), { code: 'unknown-topic' });
  await close();
});

t.test('there is a limit to the partitions of a broker', async (t) => {
  const { catalog, close } = await openCatalog(await temporaryDirectory(t));
  const spec = { name: 'a', partitions: 60, overrides: none };
  await catalog.createTopic(spec);
  await t.rejects(catalog.createTopic({ ...spec, name: 'b' }), { code: 'too-many-partitions' });
  await t.rejects(catalog.createPartitions('a', 101), { code: 'too-many-partitions' });
  await catalog.deleteTopic('a');
  await catalog.createTopic({ ...spec, partitions: 100 });
  await close();
});

t.test('a topic of which a partition cannot be made is not made at all', async (t) => {
  const path = await temporaryDirectory(t);
  const { catalog, port, close } = await openCatalog(path, ['a-1']);
  await t.rejects(catalog.createTopic({ name: 'a', partitions: 3, overrides: none }), {
    code: 'storage',
  });
  t.equal(catalog.topic('a'), undefined);
  t.strictSame(port.closed.sort(), ['a-0', 'a-2']);
  t.notOk((await readdir(path)).includes('a-1'));
  port.failing.clear();
  await catalog.createTopic({ name: 'a', partitions: 3, overrides: none });
  await close();
});

t.test('growing keeps the partitions that there are', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  const small = await first.catalog.createTopic({ name: 'a', partitions: 1, overrides: none });
  let told: [Topic, number] | undefined;
  first.catalog.on({
    grown: (topic, firstNew) => {
      told = [topic, firstNew];
    },
  });
  const grown = await first.catalog.createPartitions('a', 4);
  t.equal(told?.[0], grown);
  t.equal(told?.[1], 1);
  t.equal(grown.partitions.length, 4);
  t.equal(grown.partitions[0], small.partitions[0]);
  t.equal(grown.id, small.id);
  await first.close();
  const second = await openCatalog(path);
  t.equal(second.catalog.topic('a')!.partitions.length, 4);
  await second.close();
});

t.test('config changes reach every partition and the store', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  await first.catalog.createTopic({ name: 'a', partitions: 2, overrides: none });
  await Promise.all(
    ['1', '2', '3'].map((value) =>
      first.catalog.setOverrides('a', (old) => new Map(old).set('max.message.bytes', value)),
    ),
  );
  t.equal(first.catalog.topic('a')!.config.maxMessageBytes, 3);
  t.equal(first.port.configured.length, 6);
  await first.close();
  const second = await openCatalog(path);
  t.equal(second.catalog.topic('a')!.config.maxMessageBytes, 3);
  await second.close();
});

t.test('automatic creation makes a topic once, however many ask', async (t) => {
  const { catalog, port, close } = await openCatalog(await temporaryDirectory(t));
  const topics = await Promise.all([1, 2, 3].map(() => catalog.ensureTopic('auto')));
  t.equal(new Set(topics).size, 1);
  t.equal(port.opened.length, 2);
  t.equal(await catalog.ensureTopic('auto'), topics[0]);
  await close();
});

t.test('at the start the store decides about directories', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  const spec = { name: 'kept', partitions: 2, overrides: none };
  const kept = await first.catalog.createTopic(spec);
  await first.close(false);

  await rm(join(path, 'kept-1'), { recursive: true });
  await mkdir(join(path, 'stranger-0'));
  await writeFile(join(path, 'stranger-0', '00000000000000000000.log'), 'bytes');
  await mkdir(join(path, 'unanswered-0'));
  await writeFile(join(path, 'unanswered-0', '00000000000000000000.log'), '');
  await mkdir(join(path, '__cluster_metadata-0'));
  await mkdir(join(path, 'gone-0.0123456789abcdef0123456789abcdef-delete'));

  const second = await openCatalog(path);
  t.notOk(second.directory.cleanShutdown);
  const found = second.catalog.topic('kept')!;
  t.equal(found.id, kept.id);
  t.strictSame(
    found.partitions.map((ref) => ref.online),
    [true, false],
  );
  const names = await readdir(path);
  t.notOk(names.includes('stranger-0'));
  t.ok(names.some((name) => /^stranger-0\.[0-9a-f]{32}-stray$/.test(name)));
  t.notOk(
    names.some((name) => name.startsWith('unanswered-0')),
    'nothing was in it',
  );
  t.ok(names.includes('__cluster_metadata-0'));
  t.notOk(names.some((name) => name.endsWith('-delete')));
  t.notOk(names.includes('kept-1'), 'not silently recreated');
  t.notOk(second.catalog.isWhole);
  await second.catalog.deleteTopic('kept');
  t.ok(second.catalog.isWhole);
  await second.close();
});

t.test('a topic whose partitions cannot be closed or opened is deleted all the same', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  const spec = { name: 'a', partitions: 2, overrides: none };
  await first.catalog.createTopic(spec);
  await first.close(false);
  const second = await openCatalog(path, ['a-0']);
  second.port.unclosable.add('a-1');
  await second.catalog.deleteTopic('a');
  t.notOk((await readdir(path)).some((name) => name.startsWith('a-')));
  second.port.failing.clear();
  await second.catalog.createTopic(spec);
  await second.close();
  const third = await openCatalog(path);
  t.ok(third.catalog.isWhole);
  t.equal(third.catalog.topicCount, 1);
  await third.close();
});

t.test('what is left of a deleted topic goes with the next start', async (t) => {
  const path = await temporaryDirectory(t);
  const first = await openCatalog(path);
  const { id } = await first.catalog.createTopic({ name: 'a', partitions: 1, overrides: none });
  await cp(join(path, 'a-0'), join(path, 'copy'), { recursive: true });
  await first.catalog.deleteTopic('a');
  await first.close(false);
  // As a crash right after the deletion was answered would leave it.
  await rename(join(path, 'copy'), join(path, 'a-0'));
  const store = await CatalogStore.open(join(path, 'kopje-catalog.mdb'));
  await store.putTopic('a', { id, partitions: 1, overrides: {} });
  await store.removeTopic('a', { id, partitions: 1, overrides: {} });
  await store.close();
  const second = await openCatalog(path);
  t.notOk((await readdir(path)).some((name) => name.startsWith('a-')));
  await second.close();
});
