import t from 'tap';
import { type Measurement, nothingMeasured } from '../../bench/measurement.js';
import { aligned, targetCells } from '../../bench/report.js';
import { scenarios } from '../../bench/scenario.js';
import { median, spreadOf } from '../../bench/statistics.js';
import { type Bound, boundsAgainstKafka, boundsInFrontOfPulsar } from '../../bench/targets.js';
import { type Judgement, judge, judgeAll, verdictOf } from '../../bench/verdict.js';

const pair = ['kopje', 'kafka'] as const;

const cpu: Bound = {
  pair,
  scenario: 'produce',
  measure: 'CPU',
  of: (run) => run.cpuSecondsPerGigabyte,
  compares: 'ratio',
  limit: 'at most',
  required: 0.4,
  aim: 0.3,
};

function runs(cpuSecondsPerGigabyte: readonly number[], invalid: readonly number[] = []) {
  return cpuSecondsPerGigabyte.map(
    (figure, round): Measurement => ({
      ...nothingMeasured,
      target: 'any',
      scenario: 'produce',
      cpuSecondsPerGigabyte: figure,
      invalid: invalid.includes(round) ? 'it starved' : null,
    }),
  );
}

function judged(ours: readonly Measurement[], theirs: readonly Measurement[]): Judgement {
  return judge(cpu, ours, theirs) as Judgement;
}

t.test('medians and spreads', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.strictSame(spreadOf([2, 4, 5]), { least: 2, most: 5, relative: 0.75 });
});

t.test(
  'the ratio is the median of the ratios of the rounds, not the ratio of the medians',
  async (t) => {
    const { compared, ours, theirs, spread } = judged(runs([1, 2, 3]), runs([10, 10, 4]));
    t.equal(compared, 0.2);
    t.equal(ours, 2);
    t.equal(theirs, 10);
    t.strictSame(spread, { least: 4, most: 10, relative: 0.6 });
  },
);

t.test('verdicts of a ratio', async (t) => {
  const spread = { least: 9, most: 10, relative: 0.1 };
  const of = (compared: number, rounds = 5) => verdictOf(cpu, compared, spread, rounds);
  t.equal(of(0.41), 'fail');
  t.equal(of(0.39), "inside Kafka's spread");
  t.equal(of(0.35), 'pass');
  t.equal(of(0.29), 'pass', 'the aim too is missed inside of the spread');
  t.equal(of(0.26), 'pass, aim too');
  t.equal(of(0.26, 1), 'too few rounds');
  t.equal(of(0.41, 1), 'fail');
  t.equal(of(Number.NaN), 'fail');
});

t.test('verdicts of what must be large', async (t) => {
  const bound = { ...cpu, limit: 'at least', required: 2, aim: null } as const;
  const spread = { least: 90, most: 100, relative: 0.1 };
  t.equal(verdictOf(bound, 1.9, spread, 3), 'fail');
  t.equal(verdictOf(bound, 2.1, spread, 3), "inside Kafka's spread");
  t.equal(verdictOf(bound, 2.3, spread, 3), 'pass');
});

t.test('verdicts of a difference and of a figure of ours alone', async (t) => {
  const added = { ...cpu, compares: 'difference', required: 1, aim: null } as const;
  const spread = { least: 2, most: 2.5, relative: 0.2 };
  t.equal(verdictOf(added, 0.7, spread, 3), "inside Kafka's spread");
  t.equal(verdictOf(added, 0.4, spread, 3), 'pass');
  t.equal(verdictOf({ ...added, compares: 'ours' }, 1, spread, 3), 'pass');
});

t.test('invalid rounds do not count, and too many of them leave nothing', async (t) => {
  const some = judged(runs([1, 9, 1], [1]), runs([10, 10, 10]));
  t.equal(some.compared, 0.1);
  t.equal(some.verdict, 'pass, aim too');
  const most = judged(runs([1, 1, 1], [0]), runs([10, 10, 10], [2]));
  t.equal(most.verdict, 'invalid run');
});

t.test('what was not measured is not judged', async (t) => {
  t.equal(judge(cpu, [], []), null);
  t.equal(judge({ ...cpu, of: () => null }, runs([1]), runs([1])), null);
  const known = judgeAll(boundsAgainstKafka(pair), (_, scenario) =>
    scenario === 'produce' ? runs([1, 1]) : [],
  );
  t.strictSame(
    known.map(({ measure }) => measure),
    ['broker CPU-s per GB of records'],
  );
});

t.test('every target has a scenario that is measured', async (t) => {
  const bounds = [...boundsAgainstKafka(pair), ...boundsInFrontOfPulsar];
  const missing = bounds.filter(({ scenario }) => !scenarios.has(scenario));
  t.strictSame([...new Set(missing.map(({ scenario }) => scenario))], []);
});

t.test('the table', async (t) => {
  const [heads, line] = aligned(targetCells([judged(runs([1, 1]), runs([4, 5]))]));
  t.match(heads, /^scenario {2}measure {2}Kopje {7}other {7}ratio/);
  t.match(
    line,
    /^produce .* kopje 1\.00 {2}kafka 4\.50 {2}0\.23 .* 4\.00-5\.00 \(22 %\) .*≤ 0\.4 .*≤ 0\.3/,
  );
});
