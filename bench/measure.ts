import { setTimeout as sleep } from 'node:timers/promises';
import { batchesPerSend, type ProduceShape, type Progress } from './load/channel.js';
import { ClientLoad } from './load/client/client-load.js';
import type { ClientProgram } from './load/client/programs.js';
import { GeneratorProcess } from './load/generator-process.js';
import type { MeasuredLoad } from './load/measured-load.js';
import { measureLaunched } from './measure-launched.js';
import {
  type Entries,
  type Figures,
  figuresOf,
  type Measurement,
  type Moment,
  megabyte,
  type Sample,
  type Span,
  spanOf,
  sum,
} from './measurement.js';
import { inEntriesOf } from './same-entries.js';
import {
  type BurstScenario,
  type Changes,
  fetchedTopicBytes,
  readingOf,
  type Scenario,
  type SteadyScenario,
  sizeOf,
} from './scenario.js';
import { usageOf } from './target/process-usage.js';
import type { Stored, Target } from './target/target.js';

export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** How a scenario is to be run. */
export interface RunOrder extends Times {
  readonly changes: Changes;
  /** MB a second, where the scenario has a pace of its own. */
  readonly rate: number;
  /** Of those that a raw producer of Pulsar's is to write: the mean of Kopje's; null for one of each batch. */
  readonly entryBytes: number | null;
  /** A real client in place of the generator; null for the generator. */
  readonly client: ClientProgram | null;
}

const sampleMs = 500;

/** Runs one scenario against one target. */
export async function measure(
  target: Target,
  scenario: Scenario,
  order: RunOrder,
): Promise<Measurement> {
  const names = { target: target.name, scenario: scenario.name };
  if (scenario.kind === 'start' || scenario.kind === 'idle') {
    return { ...names, ...(await measureLaunched(target, scenario.kind)) };
  }
  if (scenario.kind === 'bursts' || !scenario.isDurable || target.durable === null) {
    return { ...names, ...(await measureLoad(target, scenario, order)) };
  }
  const durable = await target.durable();
  const figures = await measureLoad(durable, scenario, order).finally(() => durable.close());
  return { ...names, ...figures };
}

/** On a topic of its own that goes afterwards. */
async function measureLoad(
  target: Target,
  scenario: SteadyScenario | BurstScenario,
  order: RunOrder,
): Promise<Figures> {
  const generator = new GeneratorProcess();
  let load: MeasuredLoad = generator;
  const { address, entryFormat } = target;
  const size = sizeOf(scenario.size, order.changes);
  const topic = await target.createTopic(`bench-${scenario.name}-${Date.now()}`, size.partitions);
  const shape = inEntriesOf(order.entryBytes, { ...size, address, topic, entryFormat });
  try {
    let figures: Figures;
    if (scenario.kind === 'bursts') {
      const connections = Math.min(2, shape.partitions);
      const fetched = readingOf(shape, connections, { isOnDemand: true });
      await generator.obey({ order: 'bursts', produced: shape, fetched });
      figures = await bursts(target, generator, scenario.burstBytes, order);
    } else {
      load = await beginLoad(generator, scenario, shape, order);
      const count = target.stored;
      const stored = count === null ? null : () => count(topic, shape.partitions);
      figures = await steady(target, load, order, stored);
    }
    await load.stop();
    return figures;
  } finally {
    load.close();
    generator.close();
    await target.deleteTopic(topic);
  }
}

/** The load of a scenario under way, from the generator or from a real client. */
async function beginLoad(
  generator: GeneratorProcess,
  scenario: SteadyScenario,
  shape: ProduceShape,
  { rate, client }: RunOrder,
): Promise<MeasuredLoad> {
  if (client === null) {
    await scenario.begin(generator, { shape, rate });
    await eachPartitionUsed(generator, shape);
    return generator;
  }
  if (scenario.client === 'produce') return ClientLoad.start(client, shape, { does: 'produce' });
  const filling = { order: 'fill', shape, bytes: fetchedTopicBytes } as const;
  const { records } = (await generator.obey(filling)) as Progress;
  return ClientLoad.start(client, shape, { does: 'fetch', records });
}

/** Where one send does not reach all partitions: a broker opens them as they are first used. */
async function eachPartitionUsed(generator: GeneratorProcess, shape: ProduceShape): Promise<void> {
  const sends = Math.ceil(shape.partitions / batchesPerSend(shape));
  if (sends === 1) return;
  while ((await generator.mark()).requests < 2 * sends) await sleep(sampleMs);
}

async function momentOf({ pid, behind }: Target, load: MeasuredLoad): Promise<Moment> {
  return {
    mark: await load.mark(),
    usage: usageOf(pid),
    behindCpuMs: behind.reduce((total, one) => total + usageOf(one).cpuMs, 0),
  };
}

/** What a load that goes on does in a while. */
async function steady(
  target: Target,
  load: MeasuredLoad,
  { warmUpMs, measureMs }: Times,
  stored: (() => Promise<Stored>) | null,
): Promise<Figures> {
  await sleep(warmUpMs);
  const storedBefore = await stored?.();
  const storedBeforeMs = performance.now();
  await load.forget();
  const first = await momentOf(target, load);
  const samples: Sample[] = [];
  let last = first;
  while (last.mark.atMs - first.mark.atMs < measureMs) {
    await sleep(Math.min(sampleMs, measureMs));
    const next = await momentOf(target, load);
    samples.push(sampleOf(first, last, next));
    last = next;
  }
  const storedAfter = await stored?.();
  const entries = entriesOf(storedBefore, storedAfter, performance.now() - storedBeforeMs);
  return { ...figuresOf(spanOf(first, last), last, load.maxCpuShare), entries, samples };
}

function entriesOf(
  before: Stored | undefined,
  after: Stored | undefined,
  ms: number,
): Entries | null {
  if (before === undefined || after === undefined) return null;
  return {
    perSecond: (after.entries - before.entries) / (ms / 1_000),
    meanBytes: after.sizeBytes / Math.max(1, after.entries),
  };
}

/** What the reading of bursts does, all together, and what their writing does not count for. */
async function bursts(
  target: Target,
  generator: GeneratorProcess,
  bytes: number,
  { warmUpMs, measureMs }: Times,
): Promise<Figures> {
  const beganMs = performance.now();
  const spans: Span[] = [];
  const samples: Sample[] = [];
  let first: Moment | null = null;
  for (;;) {
    await generator.obey({ order: 'write-burst', bytes });
    const before = await momentOf(target, generator);
    await generator.obey({ order: 'read-burst' });
    const after = await momentOf(target, generator);
    if (performance.now() - beganMs < warmUpMs) continue;
    first ??= before;
    spans.push(spanOf(before, after));
    samples.push(sampleOf(first, before, after));
    if (performance.now() - beganMs > warmUpMs + measureMs) {
      return { ...figuresOf(sum(spans), after, generator.maxCpuShare), samples };
    }
  }
}

function sampleOf(first: Moment, last: Moment, next: Moment): Sample {
  const { ms, payloadBytes } = spanOf(last, next);
  return {
    atMs: next.mark.atMs - first.mark.atMs,
    megabytesPerSecond: payloadBytes / megabyte / (ms / 1_000),
    rssMegabytes: next.usage.rssBytes / megabyte,
  };
}
