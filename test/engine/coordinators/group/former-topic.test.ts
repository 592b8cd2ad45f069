import t from 'tap';
import { offsetCommitExchange, offsetFetchExchange } from '../../../exchanges.js';
import { readyFixture } from './coordinator-fixture.js';
import { handlers } from './handlers.js';

t.test('an offset of a deleted topic says nothing about a new one of its name', async (t) => {
  const fixture = await readyFixture();
  const name = 'topic';
  const topic = { current: { name, id: 'AAAAAAAAAAAAAAAAAAAABQ' } };
  const ask = handlers(fixture, topic);
  const committed = { partitionIndex: 0, committedOffset: 7 };
  const commit = { groupId: 'g', topics: [{ name, partitions: [committed] }] };
  await ask(0, offsetCommitExchange, commit, 8);
  const offset = async (version: number) => {
    const wanted = { name, topicId: topic.current.id, partitionIndexes: [0] };
    const groups = [{ groupId: 'g', topics: [wanted] }];
    const fetched = await ask(
      0,
      offsetFetchExchange,
      { groupId: 'g', topics: [wanted], groups },
      version,
    );
    const topics = version < 8 ? fetched.topics : fetched.groups[0]?.topics;
    return topics?.[0]?.partitions[0]?.committedOffset;
  };
  const versions = [5, 9, 10];
  t.same(await Promise.all(versions.map(offset)), [7, 7, 7]);
  // The deletion's tombstones never came.
  topic.current = { name, id: 'AAAAAAAAAAAAAAAAAAAABg' };
  t.same(await Promise.all(versions.map(offset)), [-1, -1, -1]);
  await ask(0, offsetCommitExchange, commit, 8);
  t.same(await Promise.all(versions.map(offset)), [7, 7, 7]);
  await fixture.coordinator.close();
});
