import t from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { deleteTopicsExchange, fetchExchange, metadataExchange } from '../exchanges.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from './records.js';
import { runBroker } from './running-broker.js';

type FetchAnswer = Awaited<ReturnType<typeof fetch>>;

function partitionsOf(answer: FetchAnswer) {
  return answer.responses.flatMap((topic) => topic.partitions);
}

function bytesOf(answer: FetchAnswer): number {
  return partitionsOf(answer).reduce((sum, { records }) => sum + (records?.length ?? 0), 0);
}

const long = (size: number): string => 'x'.repeat(size);

t.test('a waiting fetch is answered by the append that brings enough', async (t) => {
  const { connect } = await runBroker(t);
  const [reader, writer] = [await connect(), await connect()];
  await createTopic(writer, 'w', 1);
  const started = performance.now();
  const waiting = fetch(reader, 'w', [{ partition: 0, fetchOffset: 0 }], { maxWaitMs: 20_000 });
  await produce(writer, 'w', 0, batchOf('now'));
  const [partition] = partitionsOf(await waiting);
  t.strictSame(valuesIn(partition?.records).values, ['now']);
  t.ok(performance.now() - started < 10_000, 'long before its time is up');
});

t.test('minBytes counts over all partitions, on all workers', async (t) => {
  const { connect } = await runBroker(t);
  const [reader, writer] = [await connect(), await connect()];
  await createTopic(writer, 'm', 4);
  await produce(writer, 'm', 0, batchOf(long(400)));
  const places = [0, 1, 2, 3].map((partition) => ({ partition, fetchOffset: 0 }));
  let answered = false;
  const waiting = fetch(reader, 'm', places, { maxWaitMs: 30_000, minBytes: 1_600 }).finally(() => {
    answered = true;
  });
  await produce(writer, 'm', 1, batchOf(long(400)));
  await produce(writer, 'm', 2, batchOf(long(400)));
  t.equal(answered, false, '1 400 bytes are not enough');
  await produce(writer, 'm', 3, batchOf(long(400)));
  t.ok(bytesOf(await waiting) >= 1_600);
});

t.test('answers with what there is when its time is up', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'e', 1);
  await produce(client, 'e', 0, batchOf('little'));
  const place = [{ partition: 0, fetchOffset: 0 }];
  const answer = await fetch(client, 'e', place, { maxWaitMs: 50, minBytes: 1_000_000 });
  t.strictSame(valuesIn(partitionsOf(answer)[0]?.records).values, ['little']);
});

t.test('maxBytes holds over partitions that lag behind', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'b', 8);
  for (let partition = 0; partition < 8; partition++) {
    for (let batch = 0; batch < 4; batch++)
      await produce(client, 'b', partition, batchOf(long(10_000)));
  }
  const places = Array.from({ length: 8 }, (_, partition) => ({ partition, fetchOffset: 0 }));
  const answer = await fetch(client, 'b', places, { maxBytes: 65_000 });
  t.ok(bytesOf(answer) <= 65_000, `${bytesOf(answer)} bytes`);
  t.ok(bytesOf(answer) > 40_000, 'and makes use of it');
  const tiny = await fetch(client, 'b', places, { maxBytes: 100 });
  const filled = partitionsOf(tiny).filter(({ records }) => (records?.length ?? 0) > 0);
  t.equal(filled.length, 1, 'KIP-74: one whole batch whatever the limits are');
  t.equal(valuesIn(filled[0]?.records).values.length, 1);
  const ends = places.map(({ partition }) => ({ partition, fetchOffset: 3 }));
  const last = await fetch(client, 'b', ends.slice(0, 4), { maxBytes: 50_000 });
  const served = partitionsOf(last).map(({ records }) => valuesIn(records).values.length);
  t.strictSame(served, [1, 1, 1, 1], 'what a long log does not bring goes to the next partitions');
});

t.test('a session tells only what changed, and every partition gets its turn', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 's', 3);
  for (let partition = 0; partition < 3; partition++) {
    await produce(client, 's', partition, batchOf(`${partition}`));
  }
  const places = [0, 1, 2].map((partition) => ({ partition, fetchOffset: 0 }));
  const first = await fetch(client, 's', places, { sessionEpoch: 0, maxBytes: 1 });
  t.ok(first.sessionId > 0);
  t.equal(partitionsOf(first).length, 3, 'a full answer names every partition');
  const seen = [indexWithBytes(first)];
  for (let sessionEpoch = 1; sessionEpoch <= 2; sessionEpoch++) {
    const done = seen.at(-1) ?? 0;
    const moved = [{ partition: done, fetchOffset: 1 }];
    const { sessionId } = first;
    const next = await fetch(client, 's', moved, { sessionId, sessionEpoch, maxBytes: 1 });
    seen.push(indexWithBytes(next));
  }
  t.strictSame(seen.toSorted(), [0, 1, 2], 'although each answer has room for one');
  const { sessionId } = first;
  const last = [{ partition: seen.at(-1) ?? 0, fetchOffset: 1 }];
  const quiet = await fetch(client, 's', last, { sessionId, sessionEpoch: 3 });
  t.strictSame(partitionsOf(quiet), [], 'nothing changed');
  const wrong = await fetch(client, 's', [], { sessionId, sessionEpoch: 9 });
  t.equal(wrong.errorCode, 71, 'INVALID_FETCH_SESSION_EPOCH');
});

function indexWithBytes(answer: FetchAnswer): number {
  return (
    partitionsOf(answer).find(({ records }) => (records?.length ?? 0) > 0)?.partitionIndex ?? -1
  );
}

t.test('a session knows a deleted topic by its name, and tells when another has it', async (t) => {
  const { connect } = await runBroker(t);
  const client = await connect();
  await createTopic(client, 'd', 1);
  const { topics } = await client.ask(metadataExchange, { topics: [{ name: 'd' }] }, 12);
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }];
  const ask = async (sessionEpoch: number, sessionId: number, wanted: object[]) => {
    const request = { maxWaitMs: 0, sessionId, sessionEpoch, topics: wanted };
    return client.ask(fetchExchange, request, 13);
  };
  const byId = [{ topicId: topics[0]?.topicId ?? '', partitions }];
  const { sessionId } = await ask(0, 0, byId);
  const remove = { topics: [{ name: 'd' }], timeoutMs: 5_000 };
  await client.ask(deleteTopicsExchange, remove, 6);
  const codesOf = (answer: FetchAnswer) => partitionsOf(answer).map((one) => one.errorCode);
  t.strictSame(codesOf(await ask(1, sessionId, [])), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]);
  await createTopic(client, 'd', 1);
  t.strictSame(codesOf(await ask(2, sessionId, [])), [ErrorCode.INCONSISTENT_TOPIC_ID]);
  t.strictSame(codesOf(await ask(-1, 0, byId)), [ErrorCode.UNKNOWN_TOPIC_ID]);
});

t.test('a large fetch is the same through sendfile and through memory', async (t) => {
  const { connect } = await runBroker(t, { dataDir: t.testdir() });
  const client = await connect();
  await createTopic(client, 'l', 1);
  const values = Array.from({ length: 40 }, (_, index) => `${index}${long(9_000)}`);
  for (const value of values) await produce(client, 'l', 0, batchOf(value));
  const read = async (maxBytes: number): Promise<string[]> => {
    const found: string[] = [];
    for (let offset = 0; offset < values.length; ) {
      const place = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: maxBytes }];
      const [partition] = partitionsOf(await fetch(client, 'l', place));
      const batch = valuesIn(partition?.records);
      found.push(...batch.values);
      offset = batch.nextOffset;
    }
    return found;
  };
  t.strictSame(await read(30_000), values, 'small reads');
  t.strictSame(await read(200_000), values, 'large ones');
});
