/** Requests that name one thing very often, or say that they do: neither memory nor time follow the number. */
import t, { type Test } from 'tap';
import type { Encodable } from '../../engine/protocol/kafka/encodable.js';
import {
  createTopicsExchange,
  describeConfigsExchange,
  describeGroupsExchange,
  describeProducersExchange,
  metadataExchange,
  offsetFetchExchange,
  produceExchange,
} from '../exchanges.js';
import { type Exchange, frameOf } from '../raw-client.js';
import { Neighbour } from './neighbour.js';
import { WatchedBroker } from './watched-broker.js';

// A loaded machine takes its time over them.
t.setTimeout(120_000);

const often = 90_000;
const mebibyte = 2 ** 20;
/** What the requests themselves, decoded, may take; their answers took gigabytes. */
const mostGrowthBytes = 600 * mebibyte;

/** Sends a request; resolves with the bytes of its answer, -1 if the connection was closed for it. */
async function answerBytes<Request>(
  t: Test,
  broker: WatchedBroker,
  exchange: Exchange<Request, unknown>,
  request: Encodable<Request>,
  version: number,
): Promise<number> {
  const client = await broker.connect(t);
  const { length } = await client
    .exchange(frameOf(exchange, request, version, 1))
    .catch(() => ({ length: -1 }));
  client.close();
  return length;
}

t.test('a topic that is named ninety thousand times', async (t) => {
  const broker = await WatchedBroker.start(t);
  const client = await broker.connect(t);
  const topics = [{ name: 'wide', numPartitions: 100, replicationFactor: 1 }];
  await client.ask(createTopicsExchange, { topics, timeoutMs: 60_000 }, 5);
  const known = await client.ask(metadataExchange, { topics: [{ name: 'wide' }] }, 12);
  const topicId = known.topics[0]?.topicId ?? '';
  const neighbour = await Neighbour.start(t, broker);
  const before = await broker.holdings();
  const rssBytes = process.memoryUsage.rss();
  const times = <T>(one: T): T[] => Array<T>(often).fill(one);

  const byId = { topics: times({ topicId, name: null }) };
  const once = await answerBytes(t, broker, metadataExchange, byId, 12);
  t.ok(once > 0 && once < 50_000, `Metadata by id answers once, as Kafka does: ${once} bytes`);

  const resources = times({ resourceType: 2, resourceName: 'wide', configurationKeys: null });
  const configs = { resources, includeDocumentation: true, includeSynonyms: true };
  const closed = await answerBytes(t, broker, describeConfigsExchange, configs, 4);
  t.equal(closed, -1, 'an answer of a gigabyte is refused');
  t.match(broker.lines.at(-1), { peer: '/127.0.0.1', msg: /DescribeConfigs v4: .* 100000000/ });

  const producers = { topics: [{ name: 'wide', partitionIndexes: times(0) }] };
  t.ok((await answerBytes(t, broker, describeProducersExchange, producers, 0)) > often);

  const groups = times({ groupId: 'g', topics: null });
  t.ok((await answerBytes(t, broker, offsetFetchExchange, { groups }, 8)) > 0);

  const partitionData = times({ index: 0, records: Buffer.alloc(1) });
  const produced = { acks: -1, timeoutMs: 1_000, topicData: [{ name: 'wide', partitionData }] };
  t.ok((await answerBytes(t, broker, produceExchange, produced, 9)) > often);

  const growth = process.memoryUsage.rss() - rssBytes;
  t.ok(growth < mostGrowthBytes, `${Math.round(growth / mebibyte)} MiB more`);
  await neighbour.stop();
  t.strictSame(await broker.excess(before), {});
  t.strictSame(broker.errors, []);
});

t.test('more names than any request needs', async (t) => {
  const broker = await WatchedBroker.start(t);
  const groups = Array<string>(100_001).fill('g');
  t.equal(await answerBytes(t, broker, describeGroupsExchange, { groups }, 5), -1);
  t.match(broker.lines, [{ msg: /more than 100000 array elements/ }]);
});
