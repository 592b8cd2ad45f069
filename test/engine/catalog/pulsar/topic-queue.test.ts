import { pino } from 'pino';
import t from 'tap';
import type { TopicNamePair } from '../../../../engine/catalog/pulsar/topic-names.js';
import { TopicQueue } from '../../../../engine/catalog/pulsar/topic-queue.js';
import { silent } from '../open-catalog.js';

const pair = (kafkaName: string): TopicNamePair => ({
  kafkaName,
  namespace: 'a/b',
  pulsarTopic: `persistent://a/b/${kafkaName}`,
});

t.test('a topic is looked at once, and twice more if nothing was found', async (t) => {
  const looks: string[] = [];
  let seenThrice: () => void = () => undefined;
  const thrice = new Promise<void>((resolve) => {
    seenThrice = resolve;
  });
  const queue = new TopicQueue(({ kafkaName }) => {
    looks.push(kafkaName);
    if (looks.filter((name) => name === 'same').length === 3) seenThrice();
    return Promise.resolve(kafkaName === 'changed');
  }, silent);
  t.teardown(() => queue.close());
  await queue.add([pair('changed'), pair('same'), pair('same')]);
  t.strictSame(looks, ['changed', 'same']);
  await thrice;
  t.strictSame(looks, ['changed', 'same', 'same', 'same']);
});

t.test('what is told anew while others wait for another look is looked at as often', async (t) => {
  const looks: string[] = [];
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const queue: TopicQueue = new TopicQueue(({ kafkaName }) => {
    looks.push(kafkaName);
    // It comes with the other's second look.
    if (kafkaName === 'old' && looks.length === 2) void queue.add([pair('new')]);
    if (looks.filter((name) => name === 'new').length === 3) done();
    return Promise.resolve(false);
  }, silent);
  t.teardown(() => queue.close());
  await queue.add([pair('old')]);
  await all;
  t.equal(looks.filter((name) => name === 'new').length, 3);
});

t.test('what comes while it looks is looked at after, and waited for', async (t) => {
  const looks: string[] = [];
  const queue: TopicQueue = new TopicQueue(({ kafkaName }) => {
    looks.push(kafkaName);
    if (looks.length === 1) later = queue.add([pair('second')]);
    return Promise.resolve(true);
  }, silent);
  let later: Promise<void> = Promise.resolve();
  t.teardown(() => queue.close());
  await queue.add([pair('first')]);
  await later;
  t.strictSame(looks, ['first', 'second']);
});

t.test('a topic that cannot be looked at is tried again', async (t) => {
  let looks = 0;
  await new Promise<void>((resolve) => {
    const queue = new TopicQueue(() => {
      if (++looks === 1) return Promise.reject(new Error('Pulsar is away'));
      resolve();
      return Promise.resolve(true);
    }, silent);
    t.teardown(() => queue.close());
    void queue.add([pair('t')]);
  });
  t.equal(looks, 2);
});

t.test(
  'a cluster that is gone is one line in the log, whatever the number of topics',
  async (t) => {
    const lines: string[] = [];
    const log = pino({}, { write: (line) => lines.push(line) });
    const queue = new TopicQueue(() => Promise.reject(new Error('Pulsar is away')), log);
    t.teardown(() => queue.close());
    await queue.add(Array.from({ length: 100 }, (_, number) => pair(`topic-${number}`)));
    t.equal(lines.length, 1);
    t.match(JSON.parse(lines[0] ?? ''), { topics: 100, err: { message: 'Pulsar is away' } });
  },
);

t.test('nothing is looked at after a close', async (t) => {
  let looks = 0;
  const queue = new TopicQueue(() => Promise.resolve(++looks > 0), silent);
  await queue.close();
  await queue.add([pair('t')]);
  t.equal(looks, 0);
});

t.test('who waits is not told before its topic was looked at, whoever took it along', async (t) => {
  const looked: string[] = [];
  const queue = new TopicQueue(async ({ kafkaName }) => {
    await new Promise((resolve) => setImmediate(resolve));
    looked.push(kafkaName);
    return true;
  }, silent);
  t.teardown(() => queue.close());
  const first = queue.add([pair('first')]);
  // The first caller goes on first, and takes this one's topic with it.
  await queue.add([pair('second')]);
  t.strictSame(looked, ['first', 'second']);
  await first;
});
