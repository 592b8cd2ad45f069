import { appendFile, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { readKafkaMetadata } from '../../../engine/catalog/kafka-metadata.js';
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { Writer } from '../../../engine/protocol/kafka/writer.js';
import { openCatalog, temporaryDirectory } from './open-catalog.js';

t.test("a stopped Kafka broker's directory is adopted", async (t) => {
  const path = await temporaryDirectory(t);
  const id = 'Zr1d2BXxR4ifrKMyLYtnAw';
  await writeFile(
    join(path, 'meta.properties'),
    '#\n#Sat Nov 21 02:18:40 UTC 2026\nnode.id=7\ndirectory.id=VIejW8CXgi2-h-yNPTFyBw\n' +
      'version=1\ncluster.id=4nlYOZTpS7SYfIaS1dugDw\n',
  );
  for (const partition of [0, 1]) {
    await mkdir(join(path, `old.topic-${partition}`));
    const metadata = `version: 0\ntopic_id: ${id}`;
    await writeFile(join(path, `old.topic-${partition}`, 'partition.metadata'), metadata);
  }
  await mkdir(join(path, '__cluster_metadata-0'));
  await writeFile(join(path, 'log-start-offset-checkpoint'), '0\n1\nold.topic 1 42\n');
  await writeFile(join(path, 'recovery-point-offset-checkpoint'), '0\n1\nold.topic 1 99\n');
  await writeFile(join(path, '.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":10}');
  await writeFile(join(path, '.lock'), '');

  const { catalog, directory, port, close } = await openCatalog(path);
  t.equal(catalog.clusterId, '4nlYOZTpS7SYfIaS1dugDw');
  t.equal(catalog.nodeId, 7);
  t.ok(directory.cleanShutdown);
  t.equal(catalog.topic('old.topic')!.id, id);
  t.equal(catalog.topicCount, 1);
  const opened = port.opened.find((spec) => spec.partition === 1)!;
  t.match(opened, { logStartOffset: 42, recoveryPoint: 99, create: false });
  await close();
});

t.test("a real Kafka's topics keep their configs, and its producer ids stay its own", async (t) => {
  const path = await temporaryDirectory(t);
  await cp('test/golden/kafka-data', path, { recursive: true });
  await writeFile(join(path, 'dropped-0', '00000000000000000000.log'), 'records');
  const { catalog, close } = await openCatalog(path);
  t.equal(catalog.clusterId, 'hc8swNibTJG0i4b7-RZbwQ');
  const topics = [...catalog.topics()].map((topic) => topic.name).sort();
  t.strictSame(topics, ['gone', 'logs'], 'what Kafka had deleted is not adopted');
  const logs = catalog.topic('logs')!;
  t.equal(logs.id, 'AizLS66zTEWE9MgYU2lUBg');
  t.equal(logs.partitions.length, 2);
  t.same(Object.fromEntries(logs.overrides), {
    'cleanup.policy': 'compact',
    'max.message.bytes': '2000',
  });
  t.equal(catalog.topic('gone')!.overrides.size, 0, 'the configs were of an earlier topic');
  t.equal(await catalog.producerIds.next(), 1000);
  t.ok((await readdir(path)).some((name) => /^dropped-0\..*-stray$/.test(name)));
  await close();
  const again = await openCatalog(path);
  t.equal(again.catalog.topic('logs')!.config.cleanupCompact, true);
  t.equal(await again.catalog.producerIds.next(), 2000);
  await again.close();
});

t.test('without metadata topics are adopted by their directories', async (t) => {
  const path = await temporaryDirectory(t);
  await cp('test/golden/kafka-data', path, { recursive: true });
  await rm(join(path, '__cluster_metadata-0'), { recursive: true });
  await mkdir(join(path, '__consumer_offsets-3'));
  const { catalog, close } = await openCatalog(path);
  t.equal(catalog.topicCount, 4);
  t.equal(catalog.topic('logs')!.overrides.size, 0);
  const offsets = catalog.topic('__consumer_offsets')!;
  t.ok(offsets.config.cleanupCompact);
  t.strictSame(
    offsets.partitions.map((ref) => ref.online),
    [false, false, false, true],
  );
  t.equal(await catalog.producerIds.next(), 2 ** 40);
  await close();
});

t.test('a snapshot counts up to its end, the log from there', async (t) => {
  const directory = await temporaryDirectory(t);
  const topicId = (letter: string) => `${letter.repeat(21)}A`;
  await writeFile(
    join(directory, '00000000000000000010-0000000001.checkpoint'),
    batch(0, [topicRecord('old', topicId('o')), configRecord('old', 'retention.ms', '1')]),
  );
  await writeFile(
    join(directory, '00000000000000000000.log'),
    Buffer.concat([
      batch(8, [topicRecord('before', topicId('b')), topicRecord('before2', topicId('c'))]),
      batch(10, [configRecord('old', 'retention.ms', '2'), removeRecord(topicId('x'))]),
      batch(12, [producerIdsRecord(7000)]),
    ]),
  );
  const metadata = await readKafkaMetadata(directory);
  t.same([...metadata.topicIds], [['old', topicId('o')]]);
  t.equal(metadata.configs.get('old')!.get('retention.ms'), '2');
  t.equal(metadata.nextProducerId, 7000);

  // What was being written when the node died never counted.
  const torn = batch(13, [producerIdsRecord(9000)]);
  await appendFile(join(directory, '00000000000000000000.log'), torn.subarray(0, -1));
  t.equal((await readKafkaMetadata(directory)).nextProducerId, 7000);
});

/** A batch of metadata records. */
function batch(baseOffset: number, records: ((writer: Writer) => void)[]): Uint8Array {
  const builder = new RecordBatchBuilder({ baseOffset });
  for (const write of records) {
    const writer = new Writer();
    writer.uvarint(1);
    write(writer);
    writer.uvarint(0);
    builder.append(1000, null, writer.finishWhole());
  }
  return builder.finish();
}

const topicRecord = (name: string, id: string) => (writer: Writer) => {
  writer.uvarint(2);
  writer.uvarint(0);
  writer.string(name, true);
  writer.uuid(id);
};

const configRecord = (topic: string, name: string, value: string) => (writer: Writer) => {
  writer.uvarint(4);
  writer.uvarint(0);
  writer.int8(2);
  writer.string(topic, true);
  writer.string(name, true);
  writer.nullableString(value, true);
};

const removeRecord = (id: string) => (writer: Writer) => {
  writer.uvarint(9);
  writer.uvarint(0);
  writer.uuid(id);
};

const producerIdsRecord = (next: number) => (writer: Writer) => {
  writer.uvarint(15);
  writer.uvarint(0);
  writer.int32(1);
  writer.int64(-1);
  writer.int64(next);
};
