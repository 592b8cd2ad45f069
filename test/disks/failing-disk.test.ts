/** A disk that fails beneath a whole broker: one partition of it, or the metadata store. */
import t, { type Test } from 'tap';
import { exitCodes } from '../../engine/cli/exit-codes.js';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import type { RawClient } from '../raw-client.js';
import * as ask from './asking.js';
import { BrokerProcess, makeDataDir } from './broker-process.js';
import { FailingDisk, type Operation, type Rule, whyNotFailable } from './failing-disk.js';
import { Ledger } from './ledger.js';
import { storedFaults } from './stored-log.js';

const testLimitMs = 280_000;
t.setTimeout(testLimitMs);
const options = { skip: await whyNotFailable(), timeout: testLimitMs };
const settings = ['messageMaxBytes=500000', 'logSegmentBytes=1048576'];
const storage = ErrorCode.KAFKA_STORAGE_ERROR;
const offlineOne = /kopje_partitions\{state="offline"\} 1/;

/** A broker with a topic of two partitions, each with a record. */
async function setUp(t: Test) {
  const dataDir = await makeDataDir(t);
  const disk = await FailingDisk.make(t);
  const brokerOptions = { dataDir, env: disk.env, settings };
  const broker = await BrokerProcess.start(t, brokerOptions).ready();
  const client = await broker.connect();
  const errorCode = await ask.createTopic(client, 'a', 2);
  if (errorCode !== 0) throw new Error(`CreateTopics: ${errorCode}`);
  const [sick, well] = [new Ledger('a', 0), new Ledger('a', 1)];
  for (const ledger of [sick, well]) {
    await ledger.begin(client);
    t.equal(await ledger.write(client), 0);
  }
  return { dataDir, disk, brokerOptions, broker, client, sick, well };
}

/** Ways in which the disk fails beneath partition 0, and what meets it. */
const faults: readonly {
  readonly name: string;
  readonly rules: readonly Rule[];
  act(client: RawClient, ledger: Ledger): Promise<number>;
}[] = [
  {
    name: 'a write',
    rules: [{ on: ['write'], path: '/a-0/0', error: 'EIO' }],
    act: (client, ledger) => ledger.write(client),
  },
  {
    name: 'a write that cannot be taken back',
    rules: [{ on: ['write', 'truncate'], path: '/a-0/0', error: 'EIO' }],
    act: (client, ledger) => ledger.write(client),
  },
  {
    name: 'a read',
    rules: [{ on: ['read'], path: '/a-0/0', error: 'EIO' }],
    act: async (client) => (await ask.readAll(client, 'a', 0)).errorCode,
  },
  {
    name: 'the opening of a new segment',
    rules: [{ on: ['open'], path: '/a-0/0', error: 'EIO' }],
    async act(client, ledger) {
      for (;;) {
        const errorCode = await ledger.write(client, 400_000);
        if (errorCode !== 0) return errorCode;
      }
    },
  },
];

t.test('an I/O error on one partition', options, async (t) => {
  const { dataDir, disk, brokerOptions, broker, client, sick, well } = await setUp(t);
  for (const { name, rules, act } of faults) {
    const from = broker.lines.length;
    disk.set(rules);
    t.equal(await act(client, sick), storage, name);
    t.ok(disk.tally(0).hits > 0);
    const line = await broker.line(({ msg }) => /offline/.test(msg), from);
    const { reason, topic, partition } = line;
    t.match(reason, `${dataDir}/a-0`, 'the log names the directory');
    t.match(reason, 'EIO', 'and the cause');
    t.same([topic, partition], ['a', 0]);
    t.match(await broker.metrics(), offlineOne);
    t.equal(await sick.write(client), storage, "clients get Kafka's error");
    t.equal((await ask.readAll(client, 'a', 0)).errorCode, storage);
    t.equal(await ask.metadataError(client, 'a', 0), ErrorCode.LEADER_NOT_AVAILABLE);
    t.equal(await well.write(client), 0, 'others go on');
    t.same(await well.faults(client), []);
    disk.clear();
    await broker.line(({ msg }) => /back in service/.test(msg), from);
    t.equal(await sick.write(client), 0);
    t.same(await sick.faults(client), []);
  }
  t.equal(await broker.stop(), 0);
  t.same(storedFaults(dataDir), []);
  const again = await BrokerProcess.start(t, brokerOptions).ready();
  const later = await again.connect();
  for (const ledger of [sick, well]) t.same(await ledger.faults(later), []);
});

t.test('a failed sync', options, async (t) => {
  const { dataDir, disk, brokerOptions, broker, client, sick, well } = await setUp(t);
  const from = broker.lines.length;
  const segment = '/a-0/0';
  disk.set([
    { on: ['sync'], path: segment, error: 'EIO', count: 1 },
    { on: ['write'], path: segment },
    { on: ['sync'], path: segment },
  ]);
  const errors: number[] = [];
  await sick.insist(client, async (errorCode) => {
    errors.push(errorCode);
    t.equal(await well.write(client), 0);
    await broker.line(({ msg }) => /back in service/.test(msg), from);
  });
  t.same(errors, [storage], 'one retry brings it, and it is there once');
  const [failed, written, synced] = [disk.tally(0), disk.tally(1), disk.tally(2)];
  t.equal(failed.hits, synced.hits);
  t.ok(synced.hits >= 2);
  t.ok(written.hits >= 2, 'what the failed sync was for was written again');
  t.ok(written.order < synced.order, 'before it was synced again');
  t.same(await sick.faults(client), []);
  disk.clear();
  t.equal(await broker.stop(), 0);
  t.same(storedFaults(dataDir), []);
  const again = await BrokerProcess.start(t, brokerOptions).ready();
  t.same(await sick.faults(await again.connect()), []);
});

t.test('a partition that does not open at the start comes back by itself', options, async (t) => {
  const { disk, brokerOptions, broker, client, sick, well } = await setUp(t);
  t.same(await sick.faults(client), []);
  await broker.kill();
  for (const error of ['EMFILE', 'ENFILE', 'ENOSPC', 'EIO'] as const) {
    disk.set([{ on: ['open'], path: '/a-0/0', error }]);
    const started = await BrokerProcess.start(t, brokerOptions).ready();
    const later = await started.connect();
    t.match(await started.metrics(), offlineOne);
    t.equal((await ask.readAll(later, 'a', 0)).errorCode, storage, error);
    t.same(await well.faults(later), [], 'others are served');
    disk.clear();
    await started.line(({ msg }) => /back in service/.test(msg));
    t.same(await sick.faults(later), []);
    t.equal(await sick.write(later), 0);
    await started.kill();
  }
});

const catalog = 'kopje-catalog.mdb';

t.test('an I/O error of the metadata store ends the process', options, async (t) => {
  for (const operation of ['write', 'sync'] satisfies Operation[]) {
    const { dataDir, disk, brokerOptions, broker, client, sick } = await setUp(t);
    disk.set([{ on: [operation], path: catalog, error: 'EIO', count: 1 }]);
    t.not(await ask.createTopic(client, 'never', 1).catch(() => storage), 0);
    const code = await broker.ended;
    // Where a write fails, lmdb 3.5.6 prints the reason into too little memory, and may abort before Kopje acts.
    if (operation === 'sync' || code !== 'SIGABRT') {
      t.equal(code, exitCodes.metadataStore, operation);
      const line = await broker.line(({ msg }) => msg.startsWith('stopping'));
      t.match(JSON.stringify(line), `${dataDir}/${catalog} cannot be written: Input/output error`);
    }
    disk.clear();
    t.same(storedFaults(dataDir), []);
    const again = await BrokerProcess.start(t, brokerOptions).ready();
    const later = await again.connect();
    t.same(await ask.topicNames(later), ['a']);
    t.same(await sick.faults(later), []);
  }
});

t.test('a metadata store that cannot be read stops the start', options, async (t) => {
  const { disk, brokerOptions, broker } = await setUp(t);
  t.equal(await broker.stop(), 0);
  for (const operation of ['open', 'read'] satisfies Operation[]) {
    disk.set([{ on: [operation], path: catalog, error: 'EIO' }]);
    const failed = BrokerProcess.start(t, brokerOptions);
    t.equal(await failed.ended, exitCodes.metadataStore);
    t.match(failed.text, /kopje: the catalog .*: EIO: .*Look after its disk/);
  }
  disk.clear();
  const again = await BrokerProcess.start(t, brokerOptions).ready();
  t.same(await ask.topicNames(await again.connect()), ['a']);
});
