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
  /** Scenarios of a run that names none: it takes a few minutes. */
  readonly standard: readonly string[];
  /** The target to whose saturated rate `end-to-end` is set, if any. */
  readonly pacedBy: string | null;
}

/** Starts what is to be measured. */
export async function startTargets(
  options: TargetOptions,
  say: (text: string) => void,
): Promise<Field> {
  if (options.backend === 'pulsar') {
    say('starting Pulsar, and Kopje in front of it');
    const targets = await startPulsarTargets(options.set);
    const standard = ['produce', 'fetch', 'latency', 'latency-read'];
    const bounds = boundsInFrontOfPulsar;
    return { targets, pairs: pulsarPairs, bounds, standard, pacedBy: null };
  }
  const first = await startFirst(options, say);
  if (options.versus === undefined) {
    const standard = ['produce', 'fetch', 'small', 'latency', 'end-to-end'];
    return { targets: [first], pairs: [], bounds: [], standard, pacedBy: null };
  }
  say('starting kafka (its default settings, 1 GiB heap)');
  const pair: Pair = [first.name, 'kafka'];
  const targets = [first, await startKafkaTarget()];
  const standard = ['produce', 'fetch', 'small', 'end-to-end'];
  return { targets, pairs: [pair], bounds: boundsAgainstKafka(pair), standard, pacedBy: 'kafka' };
}

async function startFirst(
  { target, pid, durability, entryFormat, set }: TargetOptions,
  say: (text: string) => void,
): Promise<Target> {
  if (target !== undefined) return remoteTarget(target, pid);
  const settings = [`entryFormat=${entryFormat}`, ...set];
  say(`starting kopje (${[`durability=${durability}`, ...settings].join(', ')})`);
  return startKopjeTarget(durability, settings);
}
