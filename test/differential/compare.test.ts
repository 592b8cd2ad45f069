import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { apis } from '../../engine/api/served.js';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { buildBatch } from '../workers/batch/build-batch.js';
import { differencesOf } from './compare.js';
import { type ErrorTable, kafkaOnly, kopjeOnly, provoked, unprovoked } from './error-codes.js';
import { Intentions } from './intended.js';
import { Portraitist } from './portrait.js';
import { scenarios } from './scenarios.js';
import { unknownTopicId } from './topic.js';
import { trickle } from './trickle.js';
import { Witness } from './witness.js';

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
  const intentions = new Intentions();
  t.ok(intentions.of({ at, kopje: '6', kafka: '-1' }));
  t.notOk(intentions.of({ at, kopje: '6', kafka: '5' }));
});

t.test('the tables of error codes name APIs, errors and scenarios that are there', async (t) => {
  const names = new Set([...apis.values()].map((api) => api.name));
  const errors = new Set(Object.keys(ErrorCode));
  const isWrong = (table: ErrorTable) =>
    Object.entries(table).flatMap(([api, codes]) => [
      ...(names.has(api) ? [] : [api]),
      ...Object.keys(codes).filter((code) => !errors.has(code)),
    ]);
  t.same([provoked, kafkaOnly, kopjeOnly].flatMap(isWrong), []);
  t.same(
    Object.values(unprovoked).flatMap((codes) => codes.filter((one) => !errors.has(one))),
    [],
  );
  const known = new Set(scenarios.map((scenario) => scenario.name));
  const named = Object.values(provoked).flatMap((codes) => Object.values(codes));
  t.same(
    named.filter((name) => !known.has(name)),
    [],
  );
  t.equal(known.size, scenarios.length, 'no scenario has the name of another');
});

t.test('a witness keeps what was asked and which errors came where', async (t) => {
  const witness = new Witness();
  witness.asked(Buffer.from('0000000800010004', 'hex'));
  witness.answered(1, 'one', { topics: [{ errorCode: 3 }, { errorCode: 0 }], errorCode: 0 });
  witness.answered(1, 'two', { errorCode: 3, records: Buffer.alloc(4) });
  t.ok(witness.hasSent(1, 4));
  t.notOk(witness.hasSent(1, 5));
  t.same(witness.errorsOf(1), ['UNKNOWN_TOPIC_OR_PARTITION']);
  t.same([...witness.scenariosOf(1, 'UNKNOWN_TOPIC_OR_PARTITION')], ['one', 'two']);
});

t.test('pieces of a request are told apart by what they bring', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (bytes.length === 2) socket.write(Buffer.from('0000000400000009', 'hex'));
      if (bytes.length === 3) socket.end(Buffer.from('000000040000000a', 'hex'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const pieces = [1, 2, 3, 4].map((size) => Buffer.alloc(size));
  t.same(await trickle({ host: '127.0.0.1', port }, pieces), ['silence', '9', '10 closed']);
});
