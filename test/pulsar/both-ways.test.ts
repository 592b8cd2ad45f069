/** Kafka's clients and Pulsar's write into one topic, and both read all of it. */
import { randomUUID } from 'node:crypto';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import t, { type Test } from 'tap';
import { Runner } from '../clients/admin.js';
import { freePort } from '../clients/broker.js';
import { runProgram } from '../clients/process.js';
import { runBroker } from '../whole/running-broker.js';
import { type ClientMessage, javaClient, pythonClient } from './clients/pulsar-client.js';
import { FetchWatch } from './fetch-watch.js';
import { kafkaClients, type Member, startMember } from './kafka-members.js';
import { adminUrl, serviceUrl } from './peer.js';
import { holesUpTo, readTopic } from './read-topic.js';
import {
  fromKafka,
  fromPulsar,
  messageInKafka,
  recordInKafka,
  recordInPulsar,
  type Seen,
  sorted,
} from './seen.js';

/** A dozen programs are started, most of them virtual machines. */
t.setTimeout(280_000);

const [java, python, kafka] = await Promise.all([javaClient(), pythonClient(), kafkaClients()]);
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const recordsPerPart = 20;
const recordsPerWriter = compressions.length * recordsPerPart;
const startMs = Date.now() - 1000;
const baseTimestampMs = 1_600_000_000_000;

/** A Kopje before which a proxy sees what clients fetch. */
async function start(t: Test, metadata: object): Promise<{ watch: FetchWatch; bootstrap: string }> {
  const port = await freePort();
  const watch = await FetchWatch.start(port);
  const bootstrap = `127.0.0.1:${watch.port}`;
  await runBroker(t, {
    ...metadata,
    backend: serviceUrl,
    pulsarAdminUrl: adminUrl,
    kafkaListeners: `PLAINTEXT://127.0.0.1:${port}`,
    kafkaAdvertisedListeners: `PLAINTEXT://${bootstrap}`,
    offsetsTopicNumPartitions: 1,
    groupInitialRebalanceDelayMs: 0,
  });
  t.teardown(() => watch.close());
  return { watch, bootstrap };
}

/** Clients in three languages write at once, with every compression; returns the numbers of their records. */
async function writeFromKafka(bootstrap: string, topic: string): Promise<number[]> {
  const writers = Object.values(kafka);
  await Promise.all(
    writers.map(({ command }, writer) => {
      const parts = compressions.map((compression, part) => {
        const startIndex = writer * recordsPerWriter + part * recordsPerPart;
        return { compression, startIndex, endIndex: startIndex + recordsPerPart };
      });
      const spec = { bootstrap, topic, partitions: 1, baseTimestampMs, nullHeaders: true };
      return runProgram(command, { ...spec, scenario: 'produce', parts });
    }),
  );
  return Array.from({ length: writers.length * recordsPerWriter }, (_, i) => i);
}

function fullName(topic: string): string {
  return `persistent://public/default/${topic}`;
}

/** Both of Pulsar's clients write at once. */
async function writeFromPulsar(topic: string): Promise<ClientMessage[]> {
  const sent = await Promise.all([
    java.run('produce,chunks,schema', fullName(topic)),
    python.run('produce', fullName(topic)),
  ]);
  return sent.flat();
}

/** A message in pieces, which only Pulsar's clients put together. */
function isChunked({ value }: ClientMessage): boolean {
  return value === Buffer.from('piece'.repeat(700)).toString('base64');
}

interface Readers {
  /** What kafkajs gets, when `count` records are there. */
  read(count: number): Promise<KafkaMessage[]>;
  /** The end of the topic. */
  endOffset(): Promise<number>;
  readonly members: readonly Member[];
}

/** Attaches consumers in four languages to a topic. */
async function startReaders(t: Test, bootstrap: string, topic: string): Promise<Readers> {
  const client = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const [consumer, admin] = [client.consumer({ groupId: `${topic}-kafkajs` }), client.admin()];
  t.teardown(() => Promise.all([consumer.disconnect(), admin.disconnect()]));
  await Promise.all([consumer.connect(), admin.connect()]);
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const messages: KafkaMessage[] = [];
  let wanted = Number.POSITIVE_INFINITY;
  let done: () => void = () => {};
  const check = () => void (messages.length >= wanted && done());
  await consumer.run({
    async eachMessage({ message }) {
      messages.push(message);
      check();
    },
  });
  return {
    read(count) {
      wanted = count;
      return new Promise((resolve) => {
        done = () => resolve(messages);
        check();
      });
    },
    async endOffset() {
      const [partition] = await admin.fetchTopicOffsets(topic);
      return Number(partition?.high);
    },
    members: Object.values(kafka).map((client) => startMember(t, client, bootstrap, topic)),
  };
}

interface Written {
  readonly topic: string;
  /** Where Pulsar has its entries. */
  readonly stored: string;
  /** Of Kafka's clients. */
  readonly records: readonly number[];
  /** Of Pulsar's. */
  readonly messages: readonly ClientMessage[];
  /** Why there are offsets without a record, by how many of them there are. */
  readonly holes: Readonly<Record<string, number>>;
}

/** Every record once, every field, at increasing offsets. */
async function checkKafka(t: Test, readers: Readers, written: Written): Promise<KafkaMessage[]> {
  const { records, messages } = written;
  const readable = messages.filter((message) => !isChunked(message));
  t.equal(messages.length - readable.length, 1);
  const got = await readers.read(records.length + readable.length);
  t.strictSame(
    sorted(got.map((message) => fromKafka(message, startMs))),
    sorted([
      ...records.map((i) => recordInKafka(i, baseTimestampMs)),
      ...readable.map(messageInKafka),
    ]),
    'every record once, with all its fields',
  );
  const offsets = got.map(({ offset }) => Number(offset));
  const increase = offsets.every((offset, at) => at === 0 || offset > (offsets[at - 1] ?? 0));
  t.ok(increase, 'offsets increase');
  return got;
}

/** There is a reason for each offset without a record. */
async function checkHoles(
  t: Test,
  got: readonly KafkaMessage[],
  endOffset: number,
  { stored, holes }: Written,
): Promise<void> {
  const offsets = got.map(({ offset }) => Number(offset));
  const delivered = (offsets.at(-1) ?? 0) + 1 + (holes['encrypted'] ?? 0);
  const found = await readTopic(t, stored, ({ endOffset }) => endOffset === delivered);
  const all = holesUpTo(found, endOffset);
  const taken = new Set(offsets);
  const free = Array.from({ length: endOffset }, (_, offset) => offset).filter(
    (offset) => !taken.has(offset),
  );
  t.strictSame(
    all.map(({ offset }) => offset),
    free,
  );
  const tally: Record<string, number> = {};
  for (const { reason } of all) tally[reason] = (tally[reason] ?? 0) + 1;
  t.strictSame(tally, holes, 'each hole is explained');
}

/** Each client got each record once, and asks for what comes after the last offset, whatever is there. */
async function checkMembers(
  t: Test,
  watch: FetchWatch,
  { members }: Readers,
  got: readonly KafkaMessage[],
  endOffset: number,
): Promise<void> {
  for (const { name, clientId, seen, got: reported } of members) {
    await watch.reached(clientId, endOffset);
    await reported(got.length);
    t.strictSame(
      [...seen.keys()],
      got.map(({ offset }) => Number(offset)),
      name,
    );
    t.ok(
      [...seen.values()].every((times) => times === 1),
      `${name}: once`,
    );
  }
}

/**
 * Pulsar's Python client cannot inflate nothing: of single messages in ZLIB without a value it discards its own one and
 * two of Java's.
 */
const lostInPython = 3;

/** What is the same of a record on all sides: Pulsar's Python client tells no null from nothing. */
function order(seen: readonly Seen[]): string[] {
  return seen.map(({ value, time }) => `${time} ${value ?? ''}`);
}

/** Pulsar's clients get the same records in the same order. */
async function checkPulsar(
  t: Test,
  got: readonly KafkaMessage[],
  { topic, records, messages }: Written,
  afterwards = '',
): Promise<void> {
  const count = records.length + messages.length;
  const [byJava, byPython] = await Promise.all([
    java.run(`consume${afterwards}`, fullName(topic), count),
    python.run('consume', fullName(topic), count - lostInPython),
  ]);
  const inKafka = order(got.map((message) => fromKafka(message, startMs)));
  const withoutChunked = [byJava, byPython].map((all) =>
    order(all.filter((message) => !isChunked(message)).map(fromPulsar)),
  );
  t.strictSame(withoutChunked[0], inKafka, 'in the same order');
  const hasValue = (line: string) => !line.endsWith(' ');
  t.strictSame(withoutChunked[1]?.filter(hasValue), inKafka.filter(hasValue), 'by Python, too');
  t.strictSame(
    sorted(byJava.map(fromPulsar)),
    sorted([
      ...records.map((i) => recordInPulsar(i, baseTimestampMs)),
      ...messages.map(fromPulsar),
    ]),
    'with all that Pulsar has of a record',
  );
}

t.test('one after the other, in a topic that Kopje takes over', async (t) => {
  const topic = `t-${randomUUID()}`;
  const metadata = { kafkaMetadataNamespace: `kopje-${randomUUID()}` };
  const messages = await writeFromPulsar(topic);
  let records: number[] = [];
  await t.test('a first broker', async (t) => {
    const { bootstrap } = await start(t, metadata);
    records = await writeFromKafka(bootstrap, topic);
  });
  await t.test('a second one', async (t) => {
    const { watch, bootstrap } = await start(t, metadata);
    const readers = await startReaders(t, bootstrap, topic);
    // The entries with which each broker began; the last offset is one of them.
    const holes = { chunk: 4, 'not delivered': 2 };
    const written = { topic, stored: fullName(topic), records, messages, holes };
    const got = await checkKafka(t, readers, written);
    const endOffset = await readers.endOffset();
    await checkHoles(t, got, endOffset, written);
    await checkMembers(t, watch, readers, got, endOffset);
    await checkPulsar(t, got, written);
  });
});

t.test('both at once, with readers attached all the time', async (t) => {
  const topic = `t-${randomUUID()}`;
  const metadata = { kafkaMetadataNamespace: `kopje-${randomUUID()}` };
  const { watch, bootstrap } = await start(t, metadata);
  const runner = new Runner(bootstrap);
  await runner.connect();
  await runner.createTopic(topic, 1);
  await runner.close();
  const readers = await startReaders(t, bootstrap, topic);
  const [records, messages] = await Promise.all([
    writeFromKafka(bootstrap, topic),
    writeFromPulsar(topic),
  ]);
  const stored = `${fullName(topic)}-partition-0`;
  const written = { topic, stored, records, messages, holes: { chunk: 4, encrypted: 1 } };
  const got = await checkKafka(t, readers, written);
  await checkPulsar(t, got, written, ',encrypted');
  const endOffset = Number(got.at(-1)?.offset) + 2;
  await checkMembers(t, watch, readers, got, endOffset);
  t.equal(await readers.endOffset(), endOffset, 'what nobody can read ends the topic');
  await checkHoles(t, got, endOffset, written);
});
