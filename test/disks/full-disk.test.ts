/** A whole broker on a small file system that is filled and emptied at moments that a seed decides. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import { kopje } from '../engine/cli/kopje.js';
import type { RawClient } from '../raw-client.js';
import * as ask from './asking.js';
import { BrokerProcess } from './broker-process.js';
import { Ledger } from './ledger.js';
import { Random } from './random.js';
import { roundsGiven, seedGiven } from './run-options.js';
import { type DiskKind, SmallDisk, whyNotMountable } from './small-disk.js';
import { storedFaults } from './stored-log.js';

const testLimitMs = 240_000;
const diskBytes = 32 * 2 ** 20;
const operationsInRound = 30;
/** Bytes that are left when the disk is filled: nothing, a page or two, a record or two, almost a segment. */
const leftovers = [0, 0, 4_096, 12_288, 65_536, 700_000] as const;
/** Segments roll and index entries come often. */
const settings = [
  'messageMaxBytes=500000',
  'logSegmentBytes=1048576',
  'offsetsTopicSegmentBytes=1048576',
  'logIndexIntervalBytes=512',
];
/** What clients take for "later": records and topics, groups, producer ids. */
const refusals: readonly number[] = [
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
];
const group = 'group';

/** What was acknowledged beside records. */
class World {
  readonly ledgers = [new Ledger('a', 0), new Ledger('a', 1), new Ledger('b', 0)];
  readonly topics = new Set(['__consumer_offsets', 'a', 'b']);
  readonly refusedTopics: string[] = [];
  committed = -1;
  refusedChanges = 0;
  #made = 0;

  /** Makes what is written to later, on a disk with room. */
  async begin(client: RawClient): Promise<void> {
    for (const [name, partitions] of [
      ['a', 2],
      ['b', 1],
    ] as const) {
      const errorCode = await ask.createTopic(client, name, partitions);
      if (errorCode !== 0) throw new Error(`CreateTopics: ${errorCode}`);
    }
    for (const ledger of this.ledgers) await ledger.begin(client);
    await ask.findCoordinator(client, group);
    await resumed(() => this.commit(client));
  }

  async commit(client: RawClient): Promise<number> {
    const offset = this.committed + 1;
    const errorCode = await ask.commitOffset(client, group, 'a', offset);
    if (errorCode === 0) this.committed = offset;
    return errorCode;
  }

  async createTopic(client: RawClient): Promise<number> {
    const name = `t${this.#made++}`;
    const errorCode = await ask.createTopic(client, name, 1);
    if (errorCode === 0) this.topics.add(name);
    else this.refusedTopics.push(name);
    return errorCode;
  }

  /** Does one thing that writes; returns its error code. */
  async act(client: RawClient, random: Random): Promise<number> {
    const choice = random.below(20);
    if (choice === 0) return this.createTopic(client);
    if (choice === 1)
      return ask.setConfig(client, 'b', 'retention.ms', `${random.below(9e8) + 1e8}`);
    if (choice === 2) return ask.takeProducerIds(client);
    if (choice < 6) return this.commit(client);
    return random.pick(this.ledgers).write(client, random.pick([20, 300, 3_000, 90_000]));
  }

  async faults(client: RawClient): Promise<string[]> {
    const faults = (await Promise.all(this.ledgers.map((ledger) => ledger.faults(client)))).flat();
    const names = (await ask.topicNames(client)).join();
    const expected = [...this.topics].sort().join();
    if (names !== expected) faults.push(`topics are ${names}, not ${expected}`);
    return faults;
  }
}

/** Waits until something is not refused any more. */
function resumed(act: () => Promise<number>): Promise<number> {
  return ask.untilTaken(act, refusals);
}

/** Everything that writes works again. */
async function checkResumed(t: Test, world: World, client: RawClient): Promise<void> {
  for (const ledger of world.ledgers) t.equal(await resumed(() => ledger.write(client)), 0);
  t.equal(await resumed(() => world.createTopic(client)), 0, 'topics');
  t.equal(await resumed(() => ask.takeProducerIds(client)), 0, 'producer ids');
  t.equal(await resumed(() => world.commit(client)), 0, 'offsets');
  t.equal(await ask.committedOffset(client, group, 'a'), world.committed);
  t.same(await world.faults(client), []);
}

async function fullRound(
  t: Test,
  world: World,
  broker: BrokerProcess,
  disk: SmallDisk,
  random: Random,
): Promise<void> {
  const client = await broker.connect();
  const fillAt = random.below(5);
  for (let done = 0; done < operationsInRound; done++) {
    if (done === fillAt) disk.fill(random.pick(leftovers));
    // Whatever was freed meanwhile goes as well, in the end.
    if (done === operationsInRound - 5) disk.fill();
    const errorCode = await world.act(client, random);
    if (errorCode === 0) continue;
    world.refusedChanges++;
    if (!refusals.includes(errorCode)) t.fail(`refused with ${errorCode}`);
  }
  t.same(await world.faults(client), [], 'reads go on');
}

async function checkStored(t: Test, dataDir: string): Promise<void> {
  t.same(storedFaults(dataDir), []);
  const words = ['check', '--repair', '-s', `dataDir=${dataDir}`];
  const { stdout } = await kopje([...words, '-s', 'kafkaListeners=A://127.0.0.1:0'], {
    cwd: dataDir,
  });
  t.match(stdout, /partition\(s\) verified/);
  t.notMatch(stdout, /warning +repair|PROBLEM +repair/, 'nothing had to be cut');
}

async function fillAgainAndAgain(t: Test, kind: DiskKind, seed: number): Promise<void> {
  const random = new Random(seed);
  const disk = await SmallDisk.mount(t, kind, diskBytes);
  const dataDir = join(disk.path, 'data');
  const world = new World();
  let broker = await BrokerProcess.start(t, { dataDir, settings }).ready();
  await world.begin(await broker.connect());
  for (let round = 0; round < roundsGiven(); round++) {
    await fullRound(t, world, broker, disk, random);
    if (round % 3 === 1) {
      await broker.kill();
      broker = await BrokerProcess.start(t, { dataDir, settings }).ready();
      t.same(
        await world.faults(await broker.connect()),
        [],
        'after a kill and a start, still full',
      );
    }
    disk.free();
    await checkResumed(t, world, await broker.connect());
  }
  t.equal(await broker.stop(), 0);
  await checkStored(t, dataDir);
  broker = await BrokerProcess.start(t, { dataDir, settings }).ready();
  const client = await broker.connect();
  t.same(await world.faults(client), [], 'after a restart');
  t.equal(await resumed(() => world.commit(client)), 0);
  const records = world.ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  t.ok(world.refusedChanges > 0, 'the disk was full');
  t.comment(`${kind}: ${records} records kept, ${world.refusedChanges} changes refused`);
}

t.setTimeout(testLimitMs);
for (const kind of ['tmpfs', 'ext4'] as const) {
  const skip = await whyNotMountable(kind);
  t.test(`a full disk, ${kind}`, { skip, timeout: testLimitMs }, (t) =>
    fillAgainAndAgain(t, kind, seedGiven()),
  );
}
