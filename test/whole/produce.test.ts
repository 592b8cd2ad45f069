import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { metadataExchange, produceExchange } from '../exchanges.js';
import { frameOf } from '../raw-client.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from './records.js';
import { runBroker } from './running-broker.js';

function produceFrame(topic: string, acks: number, records: Uint8Array, id: number): Buffer {
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
  return frameOf(produceExchange, { acks, timeoutMs: 5_000, topicData }, 9, id);
}

t.test('pipelined requests are answered in order, and reach the partition in order', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'p', 1);
  const values = Array.from({ length: 200 }, (_, index) => `${index}`);
  const broken = Buffer.from(batchOf('broken'));
  broken[30] = (broken[30] as number) ^ 1;
  const answers = values.map((value, index) => {
    // Rejected ones take their place in the order too.
    const records = index % 10 === 9 ? broken : batchOf(value);
    if (index % 7 === 6)
      return client.exchange(frameOf(metadataExchange, { topics: null }, 4, index));
    return client.exchange(produceFrame('p', -1, records, index));
  });
  const ids = (await Promise.all(answers)).map((body) => body.readInt32BE(0));
  t.strictSame(
    ids,
    values.map((_, index) => index),
  );
  const { responses } = await fetch(client, 'p', [{ partition: 0, fetchOffset: 0 }]);
  const kept = values.filter((_, index) => index % 10 !== 9 && index % 7 !== 6);
  t.strictSame(valuesIn(responses[0]?.partitions[0]?.records).values, kept);
});

t.test('acks=0 has no answer, and the next request has its own', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'z', 1);
  client.socket.write(produceFrame('z', 0, batchOf('unheard'), 1));
  const { baseOffset } = await produce(client, 'z', 0, batchOf('heard'));
  t.equal(baseOffset, 1);
});

t.test('acks=0 with an error closes the connection, after the replies before it', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'c', 1);
  const before = client.exchange(produceFrame('c', -1, batchOf('before'), 7));
  client.socket.write(produceFrame('nowhere', 0, batchOf('lost'), 8));
  t.equal((await before).readInt32BE(0), 7);
  await once(client.socket, 'close');
  t.pass('closed');
});

t.test('what was produced is there although the client left before the answer', async (t) => {
  const { connect } = await runBroker(t);
  const [client, other] = [await connect(), await connect()];
  await createTopic(other, 'g', 1);
  client.socket.end(produceFrame('g', -1, batchOf('left'), 1));
  const place = [{ partition: 0, fetchOffset: 0 }];
  const { responses } = await fetch(other, 'g', place, { maxWaitMs: 10_000 });
  t.strictSame(valuesIn(responses[0]?.partitions[0]?.records).values, ['left']);
});

t.test('a client that was busy and has gone quiet is read on', async (t) => {
  const { broker, connect } = await runBroker(t, { httpListener: '127.0.0.1:0' });
  const client = await connect();
  await createTopic(client, 'q', 1);
  const large = 'x'.repeat(400_000);
  t.equal((await produce(client, 'q', 0, batchOf(large))).errorCode, 0);
  const metrics = `http://${broker.httpAddress}/metrics`;
  const given = /^kopje_landing_used_bytes\{part="regions"\} 0$/m;
  // There is no event: its region is taken back at the end of a second without a read.
  while (!given.test(await (await globalThis.fetch(metrics)).text())) await delay(50);
  // The buffer of the next read was chosen before that.
  for (const value of ['a', 'b'])
    t.equal((await produce(client, 'q', 0, batchOf(value))).errorCode, 0);
  const { responses } = await fetch(client, 'q', [{ partition: 0, fetchOffset: 1 }]);
  t.strictSame(valuesIn(responses[0]?.partitions[0]?.records).values, ['a', 'b']);
});
