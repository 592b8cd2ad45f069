import { fetchExchange, produceExchange } from '../../exchanges.js';
import { type BatchShape, buildBatch } from '../../workers/batch/build-batch.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import {
  fetchOf,
  makeTopic,
  newProducerId,
  produceOf,
  type Topic,
  unknownTopicId,
} from '../topic.js';

const hourMs = 3_600_000;
const one = buildBatch();

function broken(at: number): Buffer {
  const bytes = Buffer.from(one);
  bytes[at]! ^= 0x55;
  return bytes;
}

/** Sends each batch under its name. */
async function tryEach(
  peer: Peer,
  topic: Topic,
  batches: { readonly [name: string]: Uint8Array | null },
  versions = [peer.latest(produceExchange)],
): Promise<void> {
  for (const [name, records] of Object.entries(batches)) {
    for (const version of versions) {
      await peer.ask(name, produceExchange, produceOf(topic, [{ records }]), version);
    }
  }
}

/** Compares what became of it in the log, byte by byte. */
async function stored(peer: Peer, topic: Topic, partition = 0): Promise<void> {
  const name = `${topic.name.slice(peer.prefix.length + 1)}-${partition} as stored`;
  await peer.ask(name, fetchExchange, fetchOf(topic, [{ partition }]));
}

const plain = {
  good: one,
  'no bytes': Buffer.alloc(0),
  'two batches': Buffer.concat([one, one]),
  'wrong crc': broken(18),
  'wrong byte in a record': broken(one.length - 1),
  'cut short': one.subarray(0, one.length - 1),
  'half a header': one.subarray(0, 30),
  'a few bytes behind': Buffer.concat([one, Buffer.of(1, 2, 3)]),
  'length too large': broken(9),
  'length too small': (() => {
    const bytes = Buffer.from(one);
    bytes.writeInt32BE(10, 8);
    return bytes;
  })(),
  'magic 0': broken(16).fill(0, 16, 17),
  'magic 1': broken(16).fill(1, 16, 17),
  'magic 3': broken(16).fill(3, 16, 17),
};

const shapes: { readonly [name: string]: BatchShape } = {
  'base offset 5': { baseOffset: 5 },
  'record count 2': { recordCount: 2 },
  'record count 0': { recordCount: 0, records: [] },
  'record count -1': { recordCount: -1 },
  'last offset delta 4': { lastOffsetDelta: 4 },
  'max timestamp too high': { maxTimestamp: 1_800_000_000_000 },
  'max timestamp -1': { maxTimestamp: -1 },
  'record timestamps -1': { records: [{ timestamp: -1 }], maxTimestamp: -1 },
  'record timestamps -5': { records: [{ timestamp: -5 }], maxTimestamp: -5 },
  control: { attributes: 0x20 },
  'control and transactional': {
    attributes: 0x30,
    producerId: 9,
    producerEpoch: 0,
    baseSequence: 0,
  },
  'transactional without producer': { attributes: 0x10 },
  'log append time set': { attributes: 0x08 },
  'delete horizon set': { attributes: 0x40 },
  'unused attribute': { attributes: 0x100 },
  'compression 5': { attributes: 5 },
  'compression 7': { attributes: 7 },
  'gzip that is none': { attributes: 1 },
  'snappy that is none': { attributes: 2 },
  'lz4 that is none': { attributes: 3 },
  'zstd that is none': { attributes: 4 },
  gzip: { compression: 1 },
  snappy: { compression: 2 },
  lz4: { compression: 3 },
  zstd: { compression: 4 },
  'gzip with a wrong count': { compression: 1, recordCount: 3, lastOffsetDelta: 2 },
  'producer without sequence': { producerId: 5, producerEpoch: 0, baseSequence: -1 },
  'sequence without producer': { baseSequence: 4 },
  'producer -1 with epoch': { producerEpoch: 3 },
  'unknown producer': { producerId: 77_777, producerEpoch: 0, baseSequence: 0 },
  'unknown producer in the middle': { producerId: 77_778, producerEpoch: 0, baseSequence: 5 },
  'null key and value': { records: [{ key: null, value: null }] },
};

const basic: Scenario = {
  name: 'produce/batches',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce');
    await tryEach(peer, topic, plain, peer.versions(produceExchange));
    const built = Object.entries(shapes).map(([name, shape]) => [name, buildBatch(shape)]);
    await tryEach(peer, topic, Object.fromEntries(built));
    await tryEach(peer, topic, { null: null });
    await stored(peer, topic);
  },
};

const addressing: Scenario = {
  name: 'produce/addresses',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-addresses', { partitions: 2 });
    const unknown = { name: `${peer.prefix}-none`, topicId: unknownTopicId };
    const [left, right] = [
      { index: 0, records: one },
      { index: 1, records: one },
    ];
    for (const version of peer.versions(produceExchange)) {
      const ask = (name: string, request: ReturnType<typeof produceOf>) =>
        peer.ask(name, produceExchange, request, version);
      await ask('two partitions', produceOf(topic, [left, right]));
      await ask('unknown partition', produceOf(topic, [left, { ...left, index: 9 }]));
      await ask('negative partition', produceOf(topic, [{ ...left, index: -1 }]));
      await ask('unknown topic', produceOf(unknown, [left]));
      await ask('acks 1', produceOf(topic, [left], 1));
      await ask('acks 2', produceOf(topic, [left], 2));
      await ask('acks -2', produceOf(topic, [left], -2));
      await ask('nothing', produceOf(topic, []));
      await ask('no topic', { ...produceOf(topic, []), topicData: [] });
      await ask('transactional id', produceOf(topic, [left], -1, 'some-transaction'));
      await ask('empty transactional id', produceOf(topic, [left], -1, ''));
      const both = [produceOf(topic, [left]), produceOf(unknown, [left])];
      const topicData = both.flatMap((request) => request.topicData);
      await ask('known and unknown topic', { ...produceOf(topic, []), topicData });
    }
  },
};

const renumbering: Scenario = {
  name: 'produce/renumbering',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-renumbering');
    const holes = [{ delta: 0 }, { delta: 5 }];
    await tryEach(peer, topic, {
      'odd deltas': buildBatch({ records: holes }),
      'falling deltas': buildBatch({ records: [{ delta: 1 }, { delta: 0 }] }),
      'gzip of odd deltas': buildBatch({ compression: 1, records: holes }),
    });
    await stored(peer, topic);
  },
};

const transactional: Scenario = {
  name: 'produce/transactional',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-transactional');
    const producerId = await newProducerId(peer);
    const records = buildBatch({ producerId, producerEpoch: 0, baseSequence: 0, attributes: 0x10 });
    for (const version of peer.versions(produceExchange)) {
      for (const id of [null, '', 'some-transaction']) {
        const request = produceOf(topic, [{ records }], -1, id);
        await peer.ask(`id ${id}`, produceExchange, request, version);
      }
    }
  },
};

const zstandard: Scenario = {
  name: 'produce/zstd',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-zstd');
    const configs = { 'compression.type': 'zstd' };
    const rewritten = await makeTopic(peer, 'produce-rewritten-zstd', { configs });
    const versions = peer.versions(produceExchange);
    await tryEach(peer, topic, { zstd: buildBatch({ compression: 4 }) }, versions);
    await tryEach(peer, rewritten, { plain: one }, versions);
    for (const version of peer.versions(fetchExchange)) {
      await peer.ask('fetch', fetchExchange, fetchOf(topic, [{}]), version);
      const answer = await peer.probe(fetchExchange, fetchOf(rewritten, [{}]), version);
      const errors = answer.responses.flatMap((one) =>
        one.partitions.map((part) => part.errorCode),
      );
      peer.note(`fetch of rewritten v${version}`, errors);
    }
  },
};

const twice: Scenario = {
  name: 'produce/same partition twice',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-twice');
    const records = buildBatch({ records: [{ value: 'a' }, { value: 'b' }] });
    await peer.ask('both', produceExchange, produceOf(topic, [{ records: one }, { records }]));
    await peer.ask('next', produceExchange, produceOf(topic, [{ records: one }]));
  },
};

const unacknowledged: Scenario = {
  name: 'produce/acks 0',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-acks-0');
    const unknown = { name: `${peer.prefix}-none`, topicId: unknownTopicId };
    for (const version of peer.versions(produceExchange)) {
      const tell = (name: string, request: ReturnType<typeof produceOf>) =>
        peer.tell(name, produceExchange, request, version);
      await tell('good', produceOf(topic, [{ records: one }], 0));
      await tell('wrong crc', produceOf(topic, [{ records: broken(18) }], 0));
      await tell('unknown topic', produceOf(unknown, [{ records: one }], 0));
      await tell('unknown partition', produceOf(topic, [{ index: 4, records: one }], 0));
      await tell('no topic', { ...produceOf(topic, [], 0), topicData: [] });
    }
  },
};

const idempotent: Scenario = {
  name: 'produce/idempotent',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-idempotent', { partitions: 2 });
    const producerId = await newProducerId(peer);
    const batch = (baseSequence: number, producerEpoch = 0, count = 1) =>
      buildBatch({
        producerId,
        producerEpoch,
        baseSequence,
        records: Array.from({ length: count }, () => ({ key: 'k' })),
      });
    const send = (name: string, records: Uint8Array, index = 0) =>
      peer.ask(name, produceExchange, produceOf(topic, [{ index, records }]));
    for (let sequence = 0; sequence < 7; sequence++) await send('next', batch(sequence));
    await send('duplicate of the last', batch(6));
    await send('duplicate of the fifth last', batch(2));
    await send('older than five batches', batch(1));
    await send('gap', batch(9));
    await send('duplicate with another count', batch(6, 0, 2));
    await send('overlapping', batch(5, 0, 3));
    await send('new epoch in the middle', batch(3, 1));
    await send('new epoch', batch(0, 1));
    await send('old epoch', batch(7, 0));
    await send('epoch from nowhere', batch(0, 7));
    await send('first in the middle', batch(4), 1);
    await send('two batches', Buffer.concat([batch(5), batch(6)]), 1);
    await send('near the greatest sequence', batch(2147483646, 8));
    await send('wraps', batch(2147483646, 9), 1);
    await send(
      'transactional',
      buildBatch({ producerId, producerEpoch: 9, baseSequence: 0, attributes: 16 }),
    );
    await stored(peer, topic, 0);
    await stored(peer, topic, 1);
  },
};

const wrapping: Scenario = {
  name: 'produce/sequence wraps',
  async run(peer) {
    const topic = await makeTopic(peer, 'produce-wraps');
    const producerId = await newProducerId(peer);
    const send = (name: string, baseSequence: number, count: number) => {
      const records = Array.from({ length: count }, () => ({ key: 'k' }));
      const bytes = buildBatch({ producerId, producerEpoch: 0, baseSequence, records });
      return peer.ask(name, produceExchange, produceOf(topic, [{ records: bytes }]));
    };
    await send('unknown producer near the end', 2147483645, 2);
    await send('over the end', 2147483647, 3);
    await send('after the end', 2, 1);
    await send('after the end again', 2, 1);
    await send('over the end again', 2147483647, 3);
  },
};

const configured: Scenario = {
  name: 'produce/topic configs',
  async run(peer) {
    const versions = [3, 8, peer.latest(produceExchange)];
    const make = (suffix: string, configs: { [name: string]: string }) =>
      makeTopic(peer, `produce-${suffix}`, { configs });
    const appendTime = await make('append-time', { 'message.timestamp.type': 'LogAppendTime' });
    await tryEach(
      peer,
      appendTime,
      { 'append time': one, gzip: buildBatch({ compression: 1 }) },
      versions,
    );
    const compacted = await make('compacted', { 'cleanup.policy': 'compact' });
    const keys = { records: [{ key: 'a' }, { key: null }, { key: null }] };
    await tryEach(
      peer,
      compacted,
      {
        key: one,
        'no keys': buildBatch(keys),
        'no keys in gzip': buildBatch({ ...keys, compression: 1 }),
        'empty key': buildBatch({ records: [{ key: '' }] }),
      },
      versions,
    );
    const small = await make('small', { 'max.message.bytes': '200' });
    const big = buildBatch({ records: [{ value: 'x'.repeat(500) }] });
    const packed = buildBatch({ compression: 1, records: [{ value: 'x'.repeat(500) }] });
    await tryEach(
      peer,
      small,
      { 'too large': big, packed, 'two fit': Buffer.concat([one, one]) },
      versions,
    );
    const bounded = await make('bounded', {
      'message.timestamp.before.max.ms': String(hourMs),
      'message.timestamp.after.max.ms': String(hourMs),
    });
    // The same for both brokers, and within the bounds for the length of a run.
    const now = Date.now() - (Date.now() % (hourMs / 4));
    const at = (...times: number[]) =>
      buildBatch({ records: times.map((timestamp) => ({ key: 'k', timestamp })) });
    await tryEach(
      peer,
      bounded,
      {
        now: at(now),
        'too old': at(now - 2 * hourMs),
        'too new': at(now + 2 * hourMs),
        'one of two too old': at(now, now - 2 * hourMs),
        'no timestamp': at(-1),
      },
      versions,
    );
    const rewritten = await make('gzip', { 'compression.type': 'gzip' });
    await tryEach(peer, rewritten, { plain: one, lz4: buildBatch({ compression: 3 }) }, versions);
    const all = [appendTime, compacted, small, bounded, rewritten];
    for (const topic of all) await stored(peer, topic);
  },
};

export const produceScenarios = [
  basic,
  addressing,
  renumbering,
  transactional,
  zstandard,
  twice,
  unacknowledged,
  idempotent,
  wrapping,
  configured,
];
