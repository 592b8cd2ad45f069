import type { ProducerRow } from '../../engine/route/partition-port.js';
import type { SimPartition } from './sim-partition.js';
import type { Simulation } from './simulation.js';

/** What must hold when nothing is under way. */
export class Checks {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  async atRest(): Promise<void> {
    const { world, broker } = this.#simulation;
    for (const partition of broker.partitions) {
      const { model, online } = partition;
      world.check(online, () => `${model.name} does not come back into service`);
      if (!online) return;
      partition.observe();
      this.#readers(partition);
      world.check(partition.isAnswered, () => `${model.name}: an append was never answered`);
      partition.audit();
    }
    await world.schedule.settle();
    for (const partition of broker.partitions) this.#ask(partition);
    await world.schedule.settle();
  }

  /** All who wait are at the end, and nobody else does. */
  #readers({ model, readers }: SimPartition): void {
    const { world } = this.#simulation;
    for (const { position, state } of readers) {
      world.check(state === 'parked' && position === model.highWatermark, () => {
        return `${model.name}: a reader is ${state} at ${position}, the high watermark is ${model.highWatermark}`;
      });
    }
  }

  #ask(partition: SimPartition): void {
    const { slot, thread } = partition;
    const { world } = this.#simulation;
    const wrong = (error: unknown) => world.check(thread.life.isDead, () => `no answer: ${error}`);
    thread
      .ask({ kind: 'producers', slot })
      .then((rows) => this.#producers(partition, rows as ProducerRow[]))
      .catch(wrong);
    const records = [...partition.model.records()];
    if (records.length === 0) return;
    const timestamp = world.random.pick(records).record.timestampMs;
    const wanted = records.find(({ record }) => record.timestampMs >= timestamp)!;
    thread
      .ask({ kind: 'list-offset', slot, timestamp })
      .then((value) => {
        const { offset } = value as { offset: number };
        const { model } = partition;
        if (model.config.cleanupCompact) return;
        world.check(offset === wanted.offset, () => {
          return `${model.name}: offset ${offset} is listed for ${timestamp}, not ${wanted.offset}`;
        });
      })
      .catch(wrong);
  }

  /** Whoever has a batch in the log is known by its newest. */
  #producers({ model }: SimPartition, rows: readonly ProducerRow[]): void {
    const { world } = this.#simulation;
    for (const [producerId, sequences] of model.sequences) {
      const newest = model.newestOf(producerId);
      const row = rows.find((one) => one.producerId === producerId);
      if (newest !== null) {
        const { producerEpoch, lastSequence, id } = newest;
        world.check(
          model.config.cleanupCompact
            ? row !== undefined
            : row?.producerEpoch === producerEpoch && row.lastSequence === lastSequence,
          () =>
            `${model.name}: producer ${producerId} is known by ${JSON.stringify(row)}, not by batch ${id}`,
        );
      }
      if (sequences.isIdle) sequences.resume(newest);
    }
  }
}
