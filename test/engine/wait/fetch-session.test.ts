import t from 'tap';
import {
  type FetchPartition,
  FetchSessions,
  maxRememberedPartitions,
  maxSessionPartitions,
  partitionKey,
} from '../../../engine/wait/fetch-session.js';

function partition(index: number): FetchPartition {
  return {
    topic: 't',
    topicId: '',
    partition: index,
    fetchOffset: 0,
    maxBytes: 1,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    toldHighWatermark: -2,
    toldLogStartOffset: -2,
  };
}

function partitionsOf(...indexes: number[]): Map<string, FetchPartition> {
  return new Map(indexes.map((index) => [partitionKey(partition(index)), partition(index)]));
}

t.test('a full cache gives a slot away only after two idle minutes', (t) => {
  const sessions = new FetchSessions(2);
  const first = sessions.open(true, partitionsOf(0), 0);
  const second = sessions.open(true, partitionsOf(0), 1_000);
  if (!first || !second) throw new Error('two slots');
  t.equal(sessions.open(true, partitionsOf(0), 60_000), null);
  sessions.touch(first, 100_000);
  const third = sessions.open(true, partitionsOf(0), 121_500);
  t.ok(third, 'the second was idle for two minutes');
  t.equal(sessions.get(second.id), undefined);
  t.equal(sessions.get(first.id), first);
  t.equal(sessions.size, 2);
  t.end();
});

t.test('ids are positive and unique even if the random source repeats itself', (t) => {
  const values = [0.5, 0.5, 0.25];
  const sessions = new FetchSessions(10, () => values.shift() ?? 0);
  const ids = [1, 2].map((now) => sessions.open(false, partitionsOf(0), now)?.id ?? 0);
  t.equal(new Set(ids).size, 2);
  t.ok(ids.every((id) => id > 0));
  t.end();
});

t.test('partitions that got bytes go behind the others', (t) => {
  const session = new FetchSessions(1).open(true, partitionsOf(0, 1, 2, 3), 0);
  if (!session) throw new Error('one slot');
  session.rotate([partition(0), partition(2)]);
  t.strictSame(
    [...session.partitions.values()].map((entry) => entry.partition),
    [1, 3, 0, 2],
  );
  t.end();
});

t.test('a session remembers a bounded number of partitions', (t) => {
  const sessions = new FetchSessions(2);
  const most = partitionsOf(...Array(maxSessionPartitions).keys());
  const session = sessions.open(true, most, 0);
  if (!session) throw new Error('a slot');
  t.equal(sessions.touch(session, 1), true);
  session.partitions.set('one more', partition(maxSessionPartitions));
  t.equal(sessions.touch(session, 2), false);
  t.equal(sessions.get(session.id), undefined);
  t.equal(sessions.open(true, session.partitions, 3), null);
  t.end();
});

t.test('all sessions together remember a bounded number, whatever comes and goes', (t) => {
  const sessions = new FetchSessions(1_000);
  const fitting = maxRememberedPartitions / maxSessionPartitions;
  const most = partitionsOf(...Array(maxSessionPartitions).keys());
  const opened = Array.from({ length: fitting }, (_, at) => sessions.open(true, most, at));
  t.ok(opened.every((session) => session !== null));
  t.equal(sessions.open(true, partitionsOf(0), 1_000), null, 'no room for one more');
  sessions.close(opened[0]?.id ?? 0);
  sessions.close(opened[0]?.id ?? 0);
  const small = sessions.open(true, partitionsOf(0), 2_000);
  if (!small) throw new Error('room again');
  for (const [key, one] of most) small.partitions.set(key, one);
  t.equal(sessions.touch(small, 3_000), true, 'it may grow while there is room');
  t.equal(sessions.open(true, partitionsOf(0), 4_000), null);
  t.ok(sessions.open(true, partitionsOf(0), 200_000), 'an idle one gives way');
  t.end();
});
