/** kopje/pulsar-payload over a real Pulsar, and what Pulsar's own clients make of the same entries. */
import t, { type Test } from 'tap';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import type { EntryFormat } from '../../workers/format/entry-encoder.js';
import { topicPath } from '../../workers/log/pulsar/admin.js';
import {
  assertReadable,
  decodeMessage,
  guarded,
  type KafkaReaderOptions,
  type KafkaRecord,
  openKafkaReader,
  type SkippedEntry,
} from '../../workers/payload/pulsar-payload.js';
import { javaClient, pythonClient } from './clients/pulsar-client.js';
import { admin, adminUrl, newTopic, serviceUrl } from './peer.js';
import { openSender } from './sender.js';

/** Clients are installed and virtual machines started. */
t.setTimeout(280_000);

const cluster = { serviceUrl, adminUrl };
const [python, java] = await Promise.all([pythonClient(), javaClient()]);
const time = 1_700_000_000_000;

/** A batch of the records `first`, `first + 1` … */
function batchOf(first: number, count: number): Uint8Array {
  const builder = new RecordBatchBuilder({ producerId: 1, producerEpoch: 0, baseSequence: first });
  for (let number = first; number < first + count; number++) {
    const key = number % 3 === 0 ? null : Buffer.from(`key ${number}`);
    const value = number % 5 === 0 ? null : Buffer.from(`value ${number}`);
    builder.append(time + number, key, value, [{ key: 'h', value: Buffer.from([0xff, number]) }]);
  }
  return builder.finish();
}

function recordOf(topic: string, number: number): Omit<KafkaRecord, 'messageId'> {
  return {
    topic,
    offset: number,
    key: number % 3 === 0 ? null : Buffer.from(`key ${number}`),
    value: number % 5 === 0 ? null : Buffer.from(`value ${number}`),
    headers: [{ key: 'h', value: Buffer.from([0xff, number]) }],
    timestamp: time + number,
    isTransactional: false,
  };
}

/** Sends entries of so many records one after the other, numbered through. */
async function send(
  t: Test,
  topic: string,
  entries: readonly [EntryFormat, number][],
): Promise<void> {
  const sender = await openSender(t, topic);
  let first = 0;
  for (const [format, count] of entries) {
    await sender.send(format, [batchOf(first, count)]);
    first += count;
  }
}

/** Reads until `count` records have come. */
async function read(
  options: Pick<KafkaReaderOptions, 'topic' | 'start' | 'skipped'>,
  count: number,
  seen: (record: KafkaRecord) => Promise<void> = async () => {},
): Promise<Omit<KafkaRecord, 'messageId'>[]> {
  const reader = await openKafkaReader({ ...cluster, ...options });
  const records: Omit<KafkaRecord, 'messageId'>[] = [];
  try {
    for await (const record of reader) {
      const { messageId, ...rest } = record;
      records.push(rest);
      await seen(record);
      if (records.length === count) break;
    }
  } finally {
    await reader.close();
  }
  return records;
}

const refusal = { name: 'UnreadablePayload' };

t.test('an entry in the kafka format, in each client', async (t) => {
  const topic = newTopic();
  // More records in a batch end the process of the Python client.
  await send(t, topic, [
    ['kafka', 3],
    ['pulsar', 1],
  ]);
  const [byPython, byJava] = await Promise.all([
    python.run('consume', topic, 4),
    java.run('consume', topic, 1),
  ]);
  const last = Buffer.from('value 3').toString('base64');
  t.strictSame(
    byPython.map(({ value }) => value),
    ['', '', '', last],
    'empty messages in Python',
  );
  t.strictSame(
    byJava.map(({ value }) => value),
    [last],
    'nothing in Java',
  );
  const records = await read({ topic, start: 'earliest' }, 4);
  t.strictSame(
    records,
    [0, 1, 2, 3].map((number) => recordOf(topic, number)),
    'all of it here',
  );
});

t.test('a reader reads every format, from where it is told to', async (t) => {
  const topic = newTopic();
  const formats: EntryFormat[] = ['kafka', 'pulsar', 'mixed_kafka'];
  const entries = Array.from(
    { length: 30 },
    (_, index) => [formats[index % 3], 1 + (index % 4)] as [EntryFormat, number],
  );
  await send(t, topic, entries);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  const wanted = Array.from({ length: total }, (_, number) => recordOf(topic, number));
  t.strictSame(await read({ topic, start: 'earliest' }, total), wanted);
  t.strictSame(await read({ topic, start: { offset: 41 } }, total - 41), wanted.slice(41));

  t.test('over an unload', async (t) => {
    const records = await read({ topic, start: 'earliest' }, total + 2, async ({ offset }) => {
      if (offset === total - 1) {
        await admin.http.ask({ method: 'PUT', path: `${topicPath(topic)}/unload` });
        await (await openSender(t, topic)).send('kafka', [batchOf(total, 2)]);
      }
    });
    t.strictSame(records, [...wanted, recordOf(topic, total), recordOf(topic, total + 1)]);
  });

  t.test('only what is new', async (t) => {
    const reader = await openKafkaReader({ ...cluster, topic, start: 'latest' });
    t.teardown(() => reader.close());
    const next = reader[Symbol.asyncIterator]().next();
    await (await openSender(t, topic)).send('kafka', [batchOf(total + 2, 1)]);
    t.equal((await next).value?.offset, total + 2);
  });
});

t.test('what cannot be decoded is told, and never passed over in silence', async (t) => {
  const topic = newTopic();
  const sender = await openSender(t, topic);
  const key = Buffer.from('\x6a\x05\x0a\x01k\x12\x00', 'latin1');
  const encrypted = (metadata: Buffer) => Buffer.concat([metadata, key]);
  for (const first of [0, 1]) {
    await sender.send('kafka', [batchOf(first, 1)], { metadata: encrypted });
  }
  await sender.send('kafka', [batchOf(2, 1)]);
  await t.rejects(read({ topic, start: 'earliest' }, 1), refusal);
  const skipped: SkippedEntry[] = [];
  const records = await read({ topic, start: 'earliest', skipped: (one) => skipped.push(one) }, 1);
  t.strictSame(records, [recordOf(topic, 2)]);
  t.strictSame(
    skipped.map(({ offset, reason }) => [offset, reason]),
    [
      [0, 'encrypted'],
      [1, 'encrypted'],
    ],
  );
});

t.test('a message that a client delivers whole is decoded', async (t) => {
  const topic = newTopic();
  const sender = await openSender(t, topic);
  // Without the number of messages, which is the last field, clients take the entry for one message.
  const opaque = (metadata: Buffer) => metadata.subarray(0, metadata.lastIndexOf(0x58));
  await sender.send('kafka', [batchOf(0, 7)], { metadata: opaque });
  await assertReadable(cluster, { topic, subscriptionInitialPosition: 'Earliest' });
  const [message] = await python.run('consume', topic, 1);
  const text = (field: string | undefined) => Buffer.from(field ?? '', 'base64').toString();
  const properties = message?.properties.map((pair) => pair.split(/=(?=[^=])/).map(text)) ?? [];
  const records = decodeMessage({
    getTopicName: () => topic,
    getProperties: () => Object.fromEntries(properties) as Record<string, string>,
    getData: () => Buffer.from(message?.value ?? '', 'base64'),
    getMessageId: () => ({ toString: () => '(1,0,-1,-1)' }),
  });
  t.strictSame(
    records?.map(({ messageId: _, ...record }) => record),
    [0, 1, 2, 3, 4, 5, 6].map((number) => ({ ...recordOf(topic, number), offset: null })),
  );
});

t.test('a subscription that would lose records is refused', async (t) => {
  const topic = newTopic();
  await send(t, topic, [
    ['pulsar', 2],
    ['kafka', 50],
  ]);
  const earliest = { topic, subscription: 's', subscriptionInitialPosition: 'Earliest' };
  await t.rejects(assertReadable(cluster, earliest), {
    ...refusal,
    message: /the entry \d+:1 is in Kafka's format/,
  });
  await assertReadable(cluster, { ...earliest, subscriptionInitialPosition: 'Latest' });

  t.test('by its position, if it is there', async (t) => {
    const path = `${topicPath(topic)}/subscription`;
    const { last } = await admin.ledgers(topic);
    for (const [name, position] of [
      ['at/start', { ledgerId: -1, entryId: -1 }],
      ['at/end', last],
    ] as const) {
      const subscription = `${path}/${encodeURIComponent(name)}`;
      await admin.http.ask({ method: 'PUT', path: subscription, body: position });
    }
    const latest = { topic, subscriptionInitialPosition: 'Latest' };
    await t.rejects(assertReadable(cluster, { ...latest, subscription: 'at/start' }), refusal);
    await admin.http.ask({
      method: 'POST',
      path: `${path}/${encodeURIComponent('at/end')}/skip_all`,
    });
    await (await openSender(t, topic)).send('pulsar', [batchOf(52, 1)]);
    await assertReadable(cluster, { ...latest, subscription: 'at/end' });
  });

  t.test('a reader by its first message', async (t) => {
    const at = (text: string) => ({ topic, startMessageId: { toString: () => text } });
    await t.rejects(assertReadable(cluster, at('(-1,-1,-1,-1)')), refusal);
    await assertReadable(cluster, at('(9223372036854775807,9223372036854775807,-1,-1)'));
  });

  t.test('by what the topic says is written', async (t) => {
    const said = newTopic();
    await send(t, said, [['pulsar', 1]]);
    await assertReadable(cluster, { ...earliest, topic: said });
    await admin.setProperty(said, 'kafkaEntryFormat', 'kafka');
    await t.rejects(assertReadable(cluster, { topic: said }), {
      ...refusal,
      message: /kafkaEntryFormat=kafka/,
    });
  });

  t.test('before the client is asked', async (t) => {
    const asked: object[] = [];
    const client = {
      subscribe: async (config: object) => asked.push(config),
      createReader: async (config: object) => asked.push(config),
    };
    const { subscribe, createReader } = guarded(client, cluster);
    await t.rejects(subscribe(earliest), refusal);
    await t.rejects(subscribe({ topicsPattern: 'persistent://public/default/.*' }), refusal);
    t.strictSame(asked, []);
    const missing = { topic: newTopic(), startMessageId: '(-1,-1,-1,-1)' };
    await createReader(missing);
    t.strictSame(asked, [missing]);
  });
});
