import { setTimeout as sleep } from 'node:timers/promises';
import { GeneratorProcess } from './load/generator-process.js';
import { type Figures, megabyte, nothingMeasured } from './measurement.js';
import type { Launched } from './target/launched.js';
import { usageOf } from './target/process-usage.js';
import type { Target } from './target/target.js';

const idleConnections = 10_000;
/** Until a broker that has started, or that connections were opened to, has done what it does by itself. */
const settleMs = 3_000;

/** What is found of a broker that is started for it. */
export async function measureLaunched(target: Target, kind: 'start' | 'idle'): Promise<Figures> {
  if (target.launch === null) throw new Error(`another ${target.name} cannot be started`);
  const launched = await target.launch();
  try {
    const { startMs } = launched;
    return kind === 'start' ? { ...nothingMeasured, startMs } : await idle(launched);
  } finally {
    await launched.close();
  }
}

async function idle({ address, pid }: Launched): Promise<Figures> {
  await sleep(settleMs);
  const { rssBytes } = usageOf(pid);
  const generator = new GeneratorProcess();
  try {
    await generator.obey({ order: 'idle', address, connections: idleConnections });
    await sleep(settleMs);
    const connectionBytes = (usageOf(pid).rssBytes - rssBytes) / idleConnections;
    await generator.obey({ order: 'stop' });
    return { ...nothingMeasured, rssMegabytes: rssBytes / megabyte, connectionBytes };
  } finally {
    generator.close();
  }
}
