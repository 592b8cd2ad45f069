/** A disk that is full at the very moment at which one kind of file is written. */
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { RawClient } from '../raw-client.js';
import * as ask from './asking.js';
import { BrokerProcess, makeDataDir } from './broker-process.js';
import { FailingDisk, type Rule, whyNotFailable } from './failing-disk.js';
import { Ledger } from './ledger.js';
import { storedFaults } from './stored-log.js';

const testLimitMs = 280_000;
t.setTimeout(testLimitMs);
const settings = [
  'messageMaxBytes=500000',
  'logSegmentBytes=1048576',
  'offsetsTopicSegmentBytes=1048576',
  'logIndexIntervalBytes=512',
];
const storage = ErrorCode.KAFKA_STORAGE_ERROR;
const rollingBytes = 400_000;
const group = 'group';

/** What a moment is tried with. */
interface Scene {
  readonly client: RawClient;
  readonly ledger: Ledger;
  readonly broker: BrokerProcess;
}

/** Something that writes, on a disk that has no room for one kind of file. */
interface Moment {
  readonly name: string;
  readonly full: Omit<Rule, 'error'>;
  /** Does it; resolves with its error code. */
  act(scene: Scene): Promise<number>;
  readonly errorCode: number;
}

let topicsMade = 0;
const newTopic = ({ client }: Scene) => ask.createTopic(client, `new-${topicsMade++}`, 2);

/** Writes until a segment ends and another begins, or a record is refused. */
async function roll({ client, ledger }: Scene): Promise<number> {
  for (let written = 0; written < 4; written++) {
    const errorCode = await ledger.write(client, rollingBytes);
    if (errorCode !== 0) return errorCode;
  }
  return 0;
}

const moments: readonly Moment[] = [
  {
    name: 'the epoch before the first append',
    full: { on: ['write'], path: '/a-0/leader-epoch-checkpoint' },
    act: ({ client, ledger }) => ledger.write(client),
    errorCode: storage,
  },
  {
    name: 'an append',
    full: { on: ['write'], path: '/a-0/0' },
    act: ({ client, ledger }) => ledger.write(client, 3_000),
    errorCode: storage,
  },
  {
    name: 'the index of a segment that ends',
    full: { on: ['write'], path: '.index' },
    act: roll,
    errorCode: storage,
  },
  {
    name: 'the time index of a segment that ends',
    full: { on: ['write'], path: '.timeindex' },
    act: roll,
    errorCode: storage,
  },
  {
    name: 'the file of a new segment',
    // Of the first segment nothing is opened any more.
    full: { on: ['open'], path: '/a-0/0' },
    act: roll,
    errorCode: storage,
  },
  {
    name: 'a producer snapshot at a roll',
    full: { on: ['write'], path: '.snapshot' },
    act: roll,
    errorCode: storage,
  },
  {
    name: 'the sync of the row of a new topic',
    full: { on: ['sync'], path: 'kopje-catalog.mdb' },
    act: newTopic,
    errorCode: storage,
  },
  {
    name: 'a directory of a new topic',
    full: { on: ['open', 'write'], path: 'partition.metadata', skip: 1 },
    act: newTopic,
    errorCode: storage,
  },
  {
    name: 'a config',
    full: { on: ['sync'], path: 'kopje-catalog.mdb' },
    act: ({ client }) => ask.setConfig(client, 'a', 'retention.ms', '100000000'),
    errorCode: storage,
  },
  {
    name: 'a block of producer ids',
    full: { on: ['sync'], path: 'kopje-catalog.mdb' },
    act: ({ client }) => ask.takeProducerIds(client),
    errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  },
  {
    name: 'the log starts, as records are deleted',
    full: { on: ['write'], path: 'log-start-offset-checkpoint' },
    act: ({ client }) => ask.deleteRecords(client, 'd', 0, 1),
    errorCode: storage,
  },
  {
    name: 'an offset commit',
    full: { on: ['write'], path: '__consumer_offsets' },
    act: ({ client }) => ask.commitOffset(client, group, 'a', 7),
    errorCode: ErrorCode.NOT_COORDINATOR,
  },
];

async function tryMoment(t: Test, moment: Moment, scene: Scene, disk: FailingDisk): Promise<void> {
  const { client, ledger } = scene;
  disk.set([{ ...moment.full, error: 'ENOSPC' }]);
  t.equal(await moment.act(scene), moment.errorCode, moment.name);
  t.ok(disk.tally(0).hits > 0, 'it was tried');
  t.same(await ledger.faults(client), [], 'reads go on');
  disk.clear();
  t.equal(await resumed(() => moment.act(scene)), 0, 'and works when there is room');
  t.same(await ledger.faults(client), []);
}

/** The coordinator reads its log again a second after a refusal; all else works at once. */
function resumed(act: () => Promise<number>): Promise<number> {
  return ask.untilTaken(act, [ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS]);
}

async function makeTopics(client: RawClient): Promise<void> {
  const compacted = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0' };
  for (const [name, configs] of [
    ['a', {}],
    ['d', {}],
    ['c', compacted],
  ] as const) {
    const errorCode = await ask.createTopic(client, name, 1, configs);
    if (errorCode !== 0) throw new Error(`CreateTopics: ${errorCode}`);
  }
  await ask.findCoordinator(client, group);
}

const options = { skip: await whyNotFailable(), timeout: testLimitMs };

t.test('no room for one kind of file', options, async (t) => {
  const dataDir = await makeDataDir(t);
  const disk = await FailingDisk.make(t);
  const brokerOptions = { dataDir, env: disk.env, settings };
  const broker = await BrokerProcess.start(t, brokerOptions).ready();
  const client = await broker.connect();
  await makeTopics(client);
  const ledger = new Ledger('a', 0);
  await ledger.begin(client);
  const deleted = new Ledger('d', 0);
  await deleted.begin(client);
  for (let i = 0; i < 3; i++) t.equal(await deleted.write(client), 0);
  t.equal(await resumed(() => ask.commitOffset(client, group, 'a', 3)), 0);
  for (const moment of moments) await tryMoment(t, moment, { client, ledger, broker }, disk);
  t.match(await broker.metrics(), /kopje_partitions\{state="offline"\} 0/);
  const names = await ask.topicNames(client);

  t.equal(await broker.stop(), 0);
  t.same(storedFaults(dataDir), []);
  const again = await BrokerProcess.start(t, brokerOptions).ready();
  const later = await again.connect();
  t.same(await ledger.faults(later), [], 'nothing that was refused appears');
  t.same(await ask.topicNames(later), names);
  t.equal(await ask.committedOffset(later, group, 'a'), 7);
  t.equal((await ask.readAll(later, 'd', 0, 1)).values.length, 2);
});

t.test('no room for checkpoints', options, async (t) => {
  const dataDir = await makeDataDir(t);
  const disk = await FailingDisk.make(t);
  const brokerOptions = { dataDir, env: disk.env, settings };
  let broker = await BrokerProcess.start(t, brokerOptions).ready();
  let client = await broker.connect();
  await makeTopics(client);
  const ledger = new Ledger('a', 0);
  await ledger.begin(client);
  disk.set([{ on: ['write'], path: 'offset-checkpoint', error: 'ENOSPC' }]);
  t.equal(await ledger.write(client), 0);
  await broker.line(({ msg }) => msg.startsWith('cannot write checkpoints'));
  t.equal(await ledger.write(client), 0, 'nothing depends on them');
  await broker.kill();
  broker = await BrokerProcess.start(t, brokerOptions).ready();
  client = await broker.connect();
  t.same(await ledger.faults(client), [], 'nor does a start after a crash');
  disk.clear();
  t.equal(await broker.stop(), 0);
  t.same(storedFaults(dataDir), []);
});

t.test('no room for a compaction', options, async (t) => {
  const dataDir = await makeDataDir(t);
  const disk = await FailingDisk.make(t);
  const broker = await BrokerProcess.start(t, { dataDir, env: disk.env, settings }).ready();
  const client = await broker.connect();
  await makeTopics(client);
  const { id: producerId } = await ask.newProducerId(client);
  const place = { topic: 'c', partition: 0 };
  const write = (baseSequence: number, value: string) =>
    ask.produceOnce(client, place, { producerId, baseSequence }, value, 'key');
  disk.set([{ on: ['write'], path: '.cleaned', error: 'ENOSPC' }]);
  for (let i = 0; i < 4; i++) t.equal(await write(i, `${i}`.padEnd(rollingBytes)), 0);
  await broker.line(({ msg }) => msg.startsWith('a compaction failed'));
  t.ok(disk.tally(0).hits > 0);
  t.equal(await write(4, 'last'), 0, 'appends go on');
  const { values } = await ask.readAll(client, 'c', 0);
  t.equal(values.at(-1), 'last', 'reads go on');
  t.equal(values.length, 5, 'nothing of the half compaction is seen');
  disk.clear();
  t.equal(await broker.stop(), 0);
  t.same(storedFaults(dataDir), []);
});
