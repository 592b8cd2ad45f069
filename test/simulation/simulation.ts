import type { LogConfig } from '../../workers/log/log.js';
import { logConfig } from '../workers/log/log-config.js';
import { Operations } from './operations.js';
import { PartitionModel } from './partition-model.js';
import { Contents, Producer } from './producers.js';
import { Random } from './random.js';
import { SimBroker } from './sim-broker.js';
import { World } from './world.js';

const operationsPerSeed = 200;
const leastCrashes = 2;
const producersPerPartition = 2;
/** Later ones change the entry formats of partitions, too; those before are the histories that they were. */
const lastPlainSeed = 2_000;
/** Larger than all that a simulation writes. */
const largeSegmentBytes = 2 ** 20;

export interface Outcome {
  readonly seed: number;
  readonly operations: number;
  readonly crashes: number;
  /** What does not hold; null: all does. */
  readonly violation: string | null;
  /** The last that happened. */
  readonly lines: readonly string[];
}

/** One history of a broker's log, which follows from its seed alone. */
export class Simulation {
  readonly world: World;
  readonly models: PartitionModel[];
  readonly producers: Producer[][];
  readonly contents: Contents;
  broker: SimBroker;
  crashes = 0;
  /** Decides of formats, and of nothing else; null: they stay. */
  readonly formats: Random | null;
  readonly #workers: number;

  constructor(seed: number, say: ((line: string) => void) | null = null) {
    this.world = new World(seed, say);
    const { world } = this;
    this.formats = seed > lastPlainSeed ? new Random(-seed) : null;
    this.#workers = world.random.between(1, 2);
    const partitions = world.random.between(3, 4);
    this.contents = new Contents(world);
    this.models = Array.from(
      { length: partitions },
      (_, i) => new PartitionModel(`t-${i}`, this.#config(i), world),
    );
    this.producers = this.models.map((_, partition) =>
      Array.from(
        { length: producersPerPartition },
        (_, i) => new Producer(partition * 10 + i + 1, world, this.contents),
      ),
    );
    world.schedule.afterEvent = () => this.broker.lookAfter();
    world.fuse.onBlow = (life) => {
      const thread = this.broker.threads.find((other) => other.life === life);
      if (thread) this.broker.kill(thread);
      else this.broker.die();
    };
    this.broker = this.#newBroker();
  }

  async run(): Promise<Outcome> {
    const { world } = this;
    const operations = new Operations(this);
    let done = 0;
    let isOver = false;
    await this.start();
    while (world.violation === null) {
      if (this.broker.life.isDead) await this.restart();
      else if (done < operationsPerSeed) await operations.next(done++);
      else break;
    }
    world.fuse.putOut();
    await operations.settle();
    // What is there at the end survives the power, too.
    while (world.violation === null && !isOver) {
      isOver = this.crashes >= leastCrashes;
      this.broker.die();
      await this.restart();
      await operations.settle();
    }
    this.end();
    const { violation, lines, seed } = world;
    return {
      seed,
      operations: done,
      crashes: this.crashes,
      violation: violation?.message ?? null,
      lines: lines.slice(-40),
    };
  }

  async start(): Promise<void> {
    const { broker } = this;
    broker.boot().catch((error: unknown) => {
      if (!broker.life.isDead) this.world.schedule.onError(error);
    });
    await this.world.schedule.pass(5);
  }

  /** The power comes back, and the process starts again. */
  async restart(): Promise<void> {
    const { random, disk, fuse, faults } = this.world;
    this.crashes++;
    this.broker.abandon();
    fuse.putOut();
    faults.clear();
    const loss = random.pick(['all', 'tail', 'tail', 'scattered', 'none'] as const);
    const isOrdered = random.chance(0.6);
    this.world.trace(`the power was cut: ${loss}${isOrdered ? '' : ', names in any order'}`);
    for (const model of this.models) model.powerCut();
    disk.cutPower(loss, isOrdered, random);
    this.broker = this.#newBroker();
    await this.start();
  }

  /** The process ended and starts again; the machine goes on. */
  async startAgain(): Promise<void> {
    this.broker.die();
    this.broker.lookAfter();
    this.broker.abandon();
    for (const model of this.models) model.processEnded();
    this.world.fuse.putOut();
    this.broker = this.#newBroker();
    await this.start();
  }

  end(): void {
    this.broker.die();
    this.broker.abandon();
  }

  #newBroker(): SimBroker {
    return new SimBroker(this.world, this.models, this.#workers);
  }

  #config(partition: number): LogConfig {
    const { random } = this.world;
    const small = {
      segmentBytes: random.pick([600, 1_500, 4_000, largeSegmentBytes]),
      indexIntervalBytes: random.pick([1, 200, 4_096]),
      fileDeleteDelayMs: random.pick([0, 1_000, 60_000]),
    };
    if (partition === 1 && random.chance(0.8)) {
      const minCleanableDirtyRatio = random.pick([0, 0.3]);
      return logConfig({
        ...small,
        segmentBytes: random.pick([600, 1_500]),
        cleanupCompact: true,
        cleanupDelete: random.chance(0.3),
        minCleanableDirtyRatio,
      });
    }
    if (partition === 2) {
      return random.chance(0.5)
        ? logConfig({ ...small, retentionBytes: random.pick([0, 1_000, 5_000]) })
        : logConfig({ ...small, retentionMs: random.pick([2_000, 20_000]) });
    }
    return logConfig(small);
  }
}
