/** Holds what a run found against its bounds. */
import type { Measurement } from './measurement.js';
import { median, type Spread, spreadOf } from './statistics.js';
import type { Bound } from './targets.js';

export type Verdict =
  | 'pass'
  | 'pass, aim too'
  | 'fail'
  | "inside Kafka's spread"
  | 'invalid run'
  /** Nobody knows the spread of one round. */
  | 'too few rounds';

/** A line of the table of targets. */
export interface Judgement {
  readonly scenario: string;
  readonly measure: string;
  /** Whose figures `ours` and `theirs` are, as medians over the rounds. */
  readonly pair: readonly [string, string];
  readonly ours: number;
  readonly theirs: number;
  readonly compares: Bound['compares'];
  /** The median over the rounds of what the bound is for. */
  readonly compared: number;
  /** Of the other's figures. */
  readonly spread: Spread;
  readonly limit: Bound['limit'];
  readonly required: number;
  readonly aim: number | null;
  readonly verdict: Verdict;
}

const minRounds = 2;

/** @param runsOf the runs of a target in a scenario, in the order of the rounds */
export function judgeAll(
  bounds: readonly Bound[],
  runsOf: (target: string, scenario: string) => readonly Measurement[],
): Judgement[] {
  return bounds.flatMap((bound) => {
    const [ours, theirs] = bound.pair.map((name) => runsOf(name, bound.scenario));
    return judge(bound, ours ?? [], theirs ?? []) ?? [];
  });
}

/**
 * Null where the runs do not have the bound's figure. Rounds of which a run is invalid do not count; where they leave
 * fewer than half of the rounds, none do, and the figures are those of all rounds.
 */
export function judge(
  bound: Bound,
  ours: readonly Measurement[],
  theirs: readonly Measurement[],
): Judgement | null {
  const all = ours.flatMap((run, round) => {
    const other = theirs[round];
    const [left, right] = [bound.of(run), other === undefined ? null : bound.of(other)];
    if (other === undefined || left === null || right === null) return [];
    return { left, right, isValid: run.invalid === null && other.invalid === null };
  });
  if (all.length === 0) return null;
  const valid = all.filter(({ isValid }) => isValid);
  const isValid = valid.length >= Math.min(minRounds, all.length) && valid.length * 2 >= all.length;
  const counted = isValid ? valid : all;
  const compared = median(counted.map(({ left, right }) => comparedBy(bound, left, right)));
  const spread = spreadOf(counted.map(({ right }) => right));
  const { scenario, measure, pair, compares, limit, required, aim } = bound;
  return {
    ...{ scenario, measure, pair, compares, limit, required, aim, compared, spread },
    ours: median(counted.map(({ left }) => left)),
    theirs: median(counted.map(({ right }) => right)),
    verdict: isValid ? verdictOf(bound, compared, spread, counted.length) : 'invalid run',
  };
}

function comparedBy({ compares }: Bound, ours: number, theirs: number): number {
  if (compares === 'ours') return ours;
  return compares === 'ratio' ? ours / theirs : ours - theirs;
}

/** Nothing passes that is nearer to its bound than the other's own figures are to each other. */
export function verdictOf(
  { compares, limit, required, aim }: Pick<Bound, 'compares' | 'limit' | 'required' | 'aim'>,
  compared: number,
  { least, most, relative }: Spread,
  rounds: number,
): Verdict {
  const marginOf = (bound: number): number => {
    const distance = limit === 'at most' ? bound - compared : compared - bound;
    return compares === 'ratio' ? distance / bound : distance;
  };
  const noise = { ratio: relative, difference: most - least, ours: 0 }[compares];
  const isBeyond = (bound: number): boolean =>
    marginOf(bound) >= 0 && (noise === 0 || marginOf(bound) > noise);
  if (!(marginOf(required) >= 0)) return 'fail';
  if (rounds < minRounds) return 'too few rounds';
  if (!isBeyond(required)) return "inside Kafka's spread";
  return aim !== null && isBeyond(aim) ? 'pass, aim too' : 'pass';
}
