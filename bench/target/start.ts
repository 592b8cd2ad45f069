import type { Pair } from '../report.js';
import { startKafkaTarget } from './kafka.js';
import { startKopjeTarget } from './kopje.js';
import { startPulsarTargets } from './pulsar.js';
import { remoteTarget } from './remote.js';
import type { Target } from './target.js';

export interface TargetOptions {
  readonly backend: 'embedded' | 'pulsar';
  readonly versus?: 'kafka';
  readonly target?: string;
  readonly pid?: number;
  readonly durability: 'fsync' | 'os';
  readonly entryFormat: string;
  readonly set: readonly string[];
}

/** Starts what is to be measured in turn, and says which of them are compared. */
export async function startTargets(
  options: TargetOptions,
  say: (text: string) => void,
): Promise<{ targets: Target[]; pairs: Pair[] }> {
  if (options.backend === 'pulsar') {
    say('starting Pulsar, and Kopje in front of it');
    const targets = await startPulsarTargets(options.set);
    const pairs: Pair[] = [
      ['kopje/kafka', 'raw/kafka'],
      ['kopje/pulsar', 'raw/pulsar'],
      ['kopje/pulsar', 'kopje/kafka'],
    ];
    return { targets, pairs };
  }
  const first = await startFirst(options, say);
  if (options.versus === undefined) return { targets: [first], pairs: [] };
  say('starting kafka (its default settings, 1 GiB heap)');
  return { targets: [first, await startKafkaTarget()], pairs: [[first.name, 'kafka']] };
}

async function startFirst(
  { target, pid, durability, entryFormat, set }: TargetOptions,
  say: (text: string) => void,
): Promise<Target> {
  if (target !== undefined) return remoteTarget(target, pid);
  const settings = [`durability=${durability}`, `entryFormat=${entryFormat}`, ...set];
  say(`starting kopje (${settings.join(', ')})`);
  return startKopjeTarget(settings);
}
