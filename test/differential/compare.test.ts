import t from 'tap';
import { buildBatch } from '../workers/batch/build-batch.js';
import { differencesOf } from './compare.js';
import { intention } from './intended.js';
import { Portraitist } from './portrait.js';
import { unknownTopicId } from './topic.js';

t.test('differences are named by the path of the field', async (t) => {
  const left = { topics: [{ name: 'a', errorCode: 0 }], only: 1 };
  const right = { topics: [{ name: 'a', errorCode: 3 }] };
  t.same(differencesOf('x', left, right), [
    { at: 'x.topics[0].errorCode', kopje: '0', kafka: '3' },
    { at: 'x.only', kopje: '1', kafka: 'absent' },
  ]);
  t.same(differencesOf('x', left, structuredClone(left)), []);
  t.equal(differencesOf('x', [1, 2], [1]).length, 1, 'arrays of other lengths are one difference');
});

t.test('what each broker makes up is named alike', async (t) => {
  const steps = (topicId: string, memberId: string) => [
    { topicId, leader: memberId, errorMessage: `no ${memberId}` },
    { topicId: unknownTopicId, memberId, errorCode: 3, port: 9092 },
  ];
  const [ours, theirs] = [new Portraitist(), new Portraitist()];
  const left = ours.portray(steps('AAAAAAAAAAAAAAAAAAAAAQ', 'member-of-kopje'));
  const right = theirs.portray(steps('AAAAAAAAAAAAAAAAAAAAAg', 'member-of-kafka'));
  t.same(left, right);
  t.same((left as unknown[])[1], {
    topicId: unknownTopicId,
    memberId: 'member-1',
    errorCode: 'UNKNOWN_TOPIC_OR_PARTITION',
    port: 'some port',
  });
});

t.test('which of two ids it is stays visible', async (t) => {
  const [ours, theirs] = [new Portraitist(), new Portraitist()];
  const left = ours.portray([{ memberId: 'one' }, { memberId: 'two' }, { memberId: 'one' }]);
  const right = theirs.portray([{ memberId: 'a' }, { memberId: 'b' }, { memberId: 'b' }]);
  t.same(differencesOf('x', left, right), [
    { at: 'x[2].memberId', kopje: '"member-1"', kafka: '"member-2"' },
  ]);
});

t.test('batches are compared by header and bytes, and one cut short is told', async (t) => {
  const batch = buildBatch({ records: [{ key: 'k', value: 'v' }] });
  const other = buildBatch({ records: [{ key: 'k', value: 'w' }] });
  const portray = (records: Uint8Array) => new Portraitist().portray({ records });
  const at = differencesOf('x', portray(batch), portray(other)).map((difference) => difference.at);
  t.same(at, ['x.records[0].crc', 'x.records[0].records']);
  const cut = portray(Buffer.concat([batch, other.subarray(0, 40)])) as { records: unknown[] };
  t.equal(cut.records.at(-1), 'cut short');
});

t.test('only the values that are meant are intended', async (t) => {
  const at = 'fetch/offsets: beyond the end v4.responses[0].partitions[0].highWatermark';
  t.ok(intention({ at, kopje: '6', kafka: '-1' }));
  t.notOk(intention({ at, kopje: '6', kafka: '5' }));
});
