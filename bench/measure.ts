import { setTimeout as sleep } from 'node:timers/promises';
import { GeneratorProcess } from './load/generator-process.js';
import {
  type Figures,
  figuresOf,
  type Measurement,
  type Moment,
  megabyte,
  type Sample,
  spanOf,
} from './measurement.js';
import { type Changes, type Scenario, sizeOf } from './scenario.js';
import { usageOf } from './target/process-usage.js';
import type { Target } from './target/target.js';

export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

const sampleMs = 500;

/** Runs one scenario against one target, on a topic of its own that goes afterwards. */
export async function measure(
  target: Target,
  scenario: Scenario,
  changes: Changes,
  times: Times,
): Promise<Measurement> {
  const generator = new GeneratorProcess();
  const { address, entryFormat } = target;
  const size = sizeOf(scenario, changes);
  const topic = await target.createTopic(`bench-${scenario.name}-${Date.now()}`, size.partitions);
  try {
    await scenario.begin(generator, { ...size, address, topic, entryFormat }, changes);
    const figures = await steady(target, generator, times);
    await generator.obey({ order: 'stop' });
    return { target: target.name, scenario: scenario.name, ...figures };
  } finally {
    generator.close();
    await target.deleteTopic(topic);
  }
}

async function momentOf({ pid, behind }: Target, generator: GeneratorProcess): Promise<Moment> {
  return {
    mark: await generator.mark(),
    usage: usageOf(pid),
    behindCpuMs: behind.reduce((total, one) => total + usageOf(one).cpuMs, 0),
  };
}

/** What a load that goes on does in a while. */
async function steady(
  target: Target,
  generator: GeneratorProcess,
  { warmUpMs, measureMs }: Times,
): Promise<Figures> {
  await sleep(warmUpMs);
  await generator.obey({ order: 'forget' });
  const first = await momentOf(target, generator);
  const samples: Sample[] = [];
  let last = first;
  while (last.mark.atMs - first.mark.atMs < measureMs) {
    await sleep(Math.min(sampleMs, measureMs));
    const next = await momentOf(target, generator);
    samples.push(sampleOf(first, last, next));
    last = next;
  }
  return { ...figuresOf(spanOf(first, last), last), samples };
}

function sampleOf(first: Moment, last: Moment, next: Moment): Sample {
  const { ms, payloadBytes } = spanOf(last, next);
  return {
    atMs: next.mark.atMs - first.mark.atMs,
    megabytesPerSecond: payloadBytes / megabyte / (ms / 1_000),
    rssMegabytes: next.usage.rssBytes / megabyte,
  };
}
