import {
  type Bound,
  boundsAgainstKafka,
  boundsInFrontOfPulsar,
  type Pair,
  pulsarPairs,
} from '../targets.js';
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

/** What is measured in turn. */
export interface Field {
  readonly targets: readonly Target[];
  /** Which of them are compared. */
  readonly pairs: readonly Pair[];
  readonly bounds: readonly Bound[];
}

/** Starts what is to be measured. */
export async function startTargets(
  options: TargetOptions,
  say: (text: string) => void,
): Promise<Field> {
  if (options.backend === 'pulsar') {
    say('starting Pulsar, and Kopje in front of it');
    const targets = await startPulsarTargets(options.set);
    return { targets, pairs: pulsarPairs, bounds: boundsInFrontOfPulsar };
  }
  const first = await startFirst(options, say);
  if (options.versus === undefined) return { targets: [first], pairs: [], bounds: [] };
  say('starting kafka (its default settings, 1 GiB heap)');
  const pair: Pair = [first.name, 'kafka'];
  const targets = [first, await startKafkaTarget()];
  return { targets, pairs: [pair], bounds: boundsAgainstKafka(pair) };
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
