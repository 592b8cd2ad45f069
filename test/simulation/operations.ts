import type { ListedOffset } from '../../engine/route/partition-port.js';
import { Checks } from './checks.js';
import type { Random } from './random.js';
import type { SimPartition } from './sim-partition.js';
import type { Simulation } from './simulation.js';

type Operation = () => unknown;

/** What clients, operators, the clock and fate do. */
export class Operations {
  readonly #simulation: Simulation;
  readonly #checks: Checks;
  readonly #all: readonly (readonly [number, string, Operation])[];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#checks = new Checks(simulation);
    this.#all = [
      [40, 'produce', () => this.#produce()],
      [20, 'produce plainly', () => this.#producePlainly()],
      [16, 'duplicate', () => this.#duplicate()],
      [6, 'list offsets', () => this.#listOffsets()],
      [6, 'trim', () => this.#trim()],
      [6, 'checkpoint', () => this.#checkpoint()],
      [10, 'pass a second', () => this.#pass(1_100)],
      [2, 'pass half a minute', () => this.#pass(30_000)],
      [2, 'jump', () => this.#jump()],
      [2, 'fill the disk', () => this.#fill()],
      [2, 'space returns', () => this.#empty()],
      [2, 'slow or short', () => this.#slow()],
      [3, 'errors', () => this.#armErrors()],
      [3, 'settle', () => this.settle()],
      [1, 'kill a thread', () => this.#killThread()],
      [1, 'kill a thread soon', () => this.#killThreadSoon()],
      [1, 'cut the power', () => this.#simulation.broker.die()],
      [1, 'cut the power soon', () => this.#cutSoon()],
      [1, 'close in order', () => this.#close()],
    ];
  }

  async next(number: number): Promise<void> {
    const { world } = this.#simulation;
    const { random, schedule } = world;
    const [name, operation] = random.weighted(
      this.#all.map(([weight, title, act]) => [weight, [title, act] as const] as const),
    );
    world.trace(`#${number} ${name}`);
    await operation();
    if (this.#simulation.formats?.chance(0.08)) this.#changeFormat(this.#simulation.formats);
    await schedule.pass(random.pick([0, 0.3, 2, 10]));
  }

  /** Faults end, all that is under way comes to its end, and everything is looked at. */
  async settle(): Promise<void> {
    const { world } = this.#simulation;
    world.faults.end();
    world.disk.freeBytes = Number.POSITIVE_INFINITY;
    const isStill = await world.schedule.settle();
    if (this.#simulation.broker.life.isDead || world.violation !== null) return;
    world.faults.clear();
    world.check(isStill, () => 'it never comes to rest');
    await this.#checks.atRest();
  }

  #partition(): SimPartition {
    const { world, broker } = this.#simulation;
    return world.random.pick(broker.partitions);
  }

  #changeFormat(random: Random): void {
    const { world, broker } = this.#simulation;
    const { model, online, thread, slot } = random.pick(broker.partitions);
    const entryFormat = random.pick(['kafka', 'pulsar', 'mixed_kafka'] as const);
    world.trace(`${model.name} is stored as ${entryFormat}`);
    model.config = { ...model.config, entryFormat };
    if (online) thread.ask({ kind: 'configure', slot, config: model.config }).catch(() => {});
  }

  #produce(): void {
    const { world, producers } = this.#simulation;
    const partition = this.#partition();
    if (partition.online) world.random.pick(producers[partition.slot]!).send(partition);
  }

  #producePlainly(): void {
    const { world, contents } = this.#simulation;
    const partition = this.#partition();
    if (!partition.online) return;
    for (let times = world.random.between(1, 4); times > 0; times--) {
      partition.send(contents.make(partition), world.random.pick([-1, -1, 0, 1]));
    }
  }

  #duplicate(): void {
    const { world, producers } = this.#simulation;
    const partition = this.#partition();
    if (partition.online) world.random.pick(producers[partition.slot]!).duplicate(partition);
  }

  #listOffsets(): void {
    const { world } = this.#simulation;
    const partition = this.#partition();
    if (!partition.online) return;
    const { model, slot, thread } = partition;
    const timestamp = world.random.pick([-1, -2, -3, world.schedule.wallMs() - 1_000]);
    const answered = (value: unknown) => {
      const { errorCode, offset } = value as ListedOffset;
      partition.observe();
      world.check(errorCode !== 0 || offset <= model.highWatermark, () => {
        return `${model.name}: offset ${offset} is listed, beyond the high watermark`;
      });
    };
    thread.ask({ kind: 'list-offset', slot, timestamp }).then(answered, () => {});
  }

  #trim(): void {
    const { world, broker } = this.#simulation;
    const partition = this.#partition();
    if (!partition.online || !partition.model.config.cleanupDelete) return;
    const { logStartOffset, highWatermark } = partition.line();
    const offset = world.random.between(logStartOffset, highWatermark);
    broker.trim(partition, offset).catch(() => {});
  }

  #checkpoint(): void {
    this.#simulation.broker.checkpoint().catch(() => {});
  }

  #pass(durationMs: number): Promise<void> {
    return this.#simulation.world.schedule.pass(durationMs);
  }

  #jump(): void {
    const { schedule, random } = this.#simulation.world;
    schedule.jump(random.pick([-3_600_000, -5_000, 5_000, 600_000]));
  }

  #fill(): void {
    const { world } = this.#simulation;
    world.faults.isFull = true;
    world.disk.freeBytes = world.random.below(2_000);
  }

  #empty(): void {
    this.#simulation.world.disk.freeBytes = Number.POSITIVE_INFINITY;
  }

  #slow(): void {
    const { faults, random } = this.#simulation.world;
    faults.maxWriteBytes = random.pick([7, 100, Number.POSITIVE_INFINITY]);
    faults.slowMs = random.pick([20, 2_000]);
  }

  #armErrors(): void {
    const { faults, random } = this.#simulation.world;
    const operations = random.pick([
      ['fdatasync'],
      ['writev'],
      ['read'],
      ['syncDirectory', 'rename', 'unlink', 'truncate', 'open'],
    ]);
    faults.arm(operations, random.between(1, 2), random.pick([0.1, 1]));
  }

  #killThread(): void {
    const { world, broker } = this.#simulation;
    const thread = world.random.pick(broker.threads);
    if (thread.life.isDead) return;
    this.#simulation.crashes++;
    broker.kill(thread);
    broker.lookAfter();
  }

  #killThreadSoon(): void {
    const { world, broker } = this.#simulation;
    if (world.fuse.isLit) return;
    this.#simulation.crashes++;
    world.fuse.light(world.random.between(1, 25), world.random.pick(broker.threads).life);
  }

  #cutSoon(): void {
    const { world } = this.#simulation;
    if (!world.fuse.isLit) world.fuse.light(world.random.between(1, 40), null);
  }

  async #close(): Promise<void> {
    const { world, broker } = this.#simulation;
    world.faults.end();
    world.disk.freeBytes = Number.POSITIVE_INFINITY;
    let isClean: boolean | null = null;
    void broker.stop().then((clean) => {
      isClean = clean;
    });
    await world.schedule.pass(10_000);
    if (broker.life.isDead) return;
    world.trace(`closed ${isClean ? 'in order' : 'badly'}`);
    await this.#simulation.startAgain();
  }
}
