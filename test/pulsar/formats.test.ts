/** Entries of Pulsar's own clients are read, and ours by them. */
import t, { type Test } from 'tap';
import { setBaseOffset } from '../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import { codecs, type ReadRecord } from '../workers/format/read-records.js';
import { runOf } from '../workers/log/batches.js';
import { flushed } from '../workers/log/read-log.js';
import { type ClientMessage, javaClient, pythonClient } from './clients/pulsar-client.js';
import { openLog } from './open-log.js';
import { admin, lookupOf, newTopic } from './peer.js';
import { readTopic } from './read-topic.js';
import { openSender } from './sender.js';

/** Clients are installed and virtual machines started. */
t.setTimeout(280_000);

const [python, java] = await Promise.all([pythonClient(), javaClient()]);

/** What a Kafka consumer sees of a client's message; a time of 0 is that of publishing. */
function seenByKafka({ key, orderingKey, value, eventTime, properties }: ClientMessage): object {
  return { key: orderingKey ?? key, value, time: eventTime, headers: properties };
}

function withoutOffset(
  { key, value, headers, timestamp }: ReadRecord,
  sentAfterMs: number,
): object {
  const pairs = headers.map(([name, text]) => `${Buffer.from(name).toString('base64')}=${text}`);
  return { key, value, time: timestamp >= sentAfterMs ? 0 : timestamp, headers: pairs.sort() };
}

for (const [name, client] of Object.entries({ python, java })) {
  t.test(
    `entries of the ${name} client: all compressions, batches and single messages`,
    async (t) => {
      const topic = newTopic();
      const startMs = Date.now() - 1000;
      const sent = await client.run('produce', topic);
      const { records, holes } = await readTopic(
        t,
        topic,
        ({ endOffset }) => endOffset === sent.length,
      );
      t.strictSame(holes, [], 'entries are dense');
      t.strictSame(
        records.map((record) => withoutOffset(record, startMs)),
        sent.map(seenByKafka),
      );
      t.strictSame(
        records.map(({ offset }) => offset),
        sent.map((_, index) => index),
      );
    },
  );
}

t.test('a message in chunks is a hole, what follows it is read', async (t) => {
  const topic = newTopic();
  const [, whole] = await java.run('chunks', topic);
  const { records, holes, endOffset } = await readTopic(
    t,
    topic,
    (found) => found.records.length > 0,
  );
  t.ok(
    holes.length > 1 && holes.every(({ reason }) => reason === 'chunk'),
    `${holes.length} chunks`,
  );
  t.strictSame(
    records.map(({ value }) => value),
    [whole?.value],
  );
  t.equal(endOffset, holes.length + 1);
});

const time = 1_700_000_000_000;
/** Key, value, timestamp and headers of the records that are written. */
const written: [string | null, Buffer | null, number, [string, Buffer | null][]][] = [
  ['key', Buffer.from('value'), time, [['a', Buffer.from('1')]]],
  [null, Buffer.from('no key'), -1, []],
  ['', Buffer.alloc(0), 0, []],
  ['gone', null, time + 1, []],
  [
    'b\u00e9',
    Buffer.alloc(3000, 120),
    time + 2,
    [
      ['binary', Buffer.from([0xff, 1])],
      ['none', null],
    ],
  ],
];

function batches(): Uint8Array[] {
  return [0, 1].map((half) => {
    const builder = new RecordBatchBuilder({
      producerId: 4000 + half,
      producerEpoch: 1,
      baseSequence: 7,
    });
    for (const [key, value, timestamp, headers] of written) {
      const list = headers.map(([name, content]) => ({ key: name, value: content }));
      builder.append(timestamp, key === null ? null : Buffer.from(key), value, list);
    }
    return builder.finish();
  });
}

/** Sends one entry with both batches for each way to write them; returns the number of messages. */
async function sendEntries(t: Test, topic: string): Promise<number> {
  const sender = await openSender(t, topic);
  const ways = [0, 1, 2, 3, 4];
  for (const compression of ways) {
    const run = batches().map((batch) => compressed(batch, compression));
    await sender.send('pulsar', run, { keepsCompression: compression !== 0 });
  }
  return ways.length * 2 * written.length;
}

function compressed(batch: Uint8Array, compression: number): Uint8Array {
  if (compression === 0) return batch;
  const packed = codecs.compress(compression, batch, 61, batch.length);
  const whole = Buffer.concat([batch.subarray(0, 61), packed]);
  whole.writeInt32BE(whole.length - 12, 8);
  whole.writeUInt16BE(compression, 21);
  whole.writeUInt32BE(codecs.crc32c(whole, 21, whole.length), 17);
  return whole;
}

/** Appends batches in one run to a log, which makes one entry of them; returns the number of messages. */
async function appendMerged(t: Test, topic: string): Promise<number> {
  const log = await openLog(lookupOf(t), topic, { config: { entryFormat: 'pulsar' } });
  const run = Array.from({ length: 30 }, batches).flat();
  for (const [index, batch] of run.entries()) setBaseOffset(batch, 0, index * written.length);
  log.append(runOf(...run));
  await flushed(log);
  await log.close();
  const { ledgers } = await admin.ledgers(topic);
  t.equal(ledgers[0]?.entries, 1);
  return run.length * written.length;
}

const packed = (text: string | Buffer | null): string | null =>
  text === null ? null : Buffer.from(text).toString('base64');

t.test('our entries, as the java client and the python client read them', async (t) => {
  const topic = newTopic();
  const count = (await appendMerged(t, topic)) + (await sendEntries(t, topic));
  const [byJava, byPython] = await Promise.all([
    java.run('consume', topic, count),
    python.run('consume', topic, count),
  ]);
  const property = (name: string, text: string | Buffer) => `${packed(name)}=${packed(text)}`;
  const properties = [
    [property('a', '1')],
    [],
    [],
    [],
    [
      property('binary', '\ufffd\u0001'),
      property('kopje.headers', '0:/wE=,1'),
      property('none', ''),
    ].sort(),
  ];
  const each = (index: number) => written[index % written.length]!;
  t.strictSame(
    byJava,
    byJava.map((_, index) => {
      const [key, value, timestamp] = each(index);
      return {
        key: packed(key),
        orderingKey: packed(key),
        value: packed(value),
        eventTime: Math.max(0, timestamp),
        properties: properties[index % written.length],
      };
    }),
  );
  t.strictSame(
    byPython,
    byPython.map((_, index) => {
      const [key, value, timestamp] = each(index);
      return {
        // This client gives the base64 of the key itself, and neither an empty key nor a null value.
        key: key === null || key === '' ? null : packed(packed(key)),
        orderingKey: null,
        value: packed(value ?? ''),
        eventTime: Math.max(0, timestamp),
        properties: properties[index % written.length],
      };
    }),
  );
  t.equal(byJava.length, count);
  t.equal(byPython.length, count);
});
