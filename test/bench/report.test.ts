import t from 'tap';
import { type Measurement, nothingMeasured } from '../../bench/measurement.js';
import { page } from '../../bench/page.js';
import { ratios, row } from '../../bench/report.js';
import { type Scenario, scenarios } from '../../bench/scenario.js';
import { boundsAgainstKafka } from '../../bench/targets.js';
import { judgeAll } from '../../bench/verdict.js';

const produce = scenarios.get('produce') as Scenario;

function measured(target: string, changes: Partial<Measurement> = {}): Measurement {
  return {
    ...nothingMeasured,
    target,
    scenario: produce.name,
    megabytesPerSecond: 100,
    recordsPerSecond: 100_000,
    requestsPerSecond: 400,
    cpuSecondsPerGigabyte: 2,
    brokerCpuMicrosPerRequest: 500,
    rssMegabytes: 400,
    generatorCpuShare: 0.25,
    starvedShare: 0.1,
    latency: { p50: 1_500, p99: 9_000, p999: 20_000, max: 30_000 },
    samples: [{ atMs: 500, megabytesPerSecond: 100, rssMegabytes: 400 }],
    ...changes,
  };
}

t.test('a pair is compared round by round', async (t) => {
  const runs: Readonly<Record<string, Measurement[]>> = {
    ours: [
      measured('ours', { recordsPerSecond: 300_000, cpuSecondsPerGigabyte: 1 }),
      measured('ours', { recordsPerSecond: 100_000, cpuSecondsPerGigabyte: 1 }),
      measured('ours', { recordsPerSecond: 200_000, cpuSecondsPerGigabyte: 1 }),
    ],
    theirs: [measured('theirs'), measured('theirs'), measured('theirs')],
  };
  t.equal(
    ratios(['ours', 'theirs'], produce, (name) => runs[name] ?? []),
    'ours to theirs, produce: throughput 2.00, CPU 0.50, RSS 1.00, p50 1.00 (0.00 ms more)',
  );
});

t.test('a run that measured something else says so', async (t) => {
  const line = row('ours', produce, [measured('ours', { invalid: 'it starved' })]);
  t.match(
    line,
    /100 MB\/s .* 2\.00 CPU-s\/GB .* p50 1\.50 ms, p99 9\.00 ms, p99\.9 .*INVALID: it starved/,
  );
  t.notMatch(row('ours', produce, [measured('ours')]), 'INVALID');
});

t.test('the page stands alone and escapes what it shows', async (t) => {
  const result = {
    date: 'now',
    machine: { cpu: '<b>&' },
    measurements: [measured('ours')],
    judgements: judgeAll(boundsAgainstKafka(['ours', 'theirs']), (target) => [measured(target)]),
  };
  const text = page(result, ['a < b']);
  t.match(text, 'cpu: &lt;b>&amp;');
  t.match(text, 'a &lt; b');
  t.match(text, '<td>ours 2.00</td><td>theirs 2.00</td><td>1.00</td>');
  t.match(text, /Throughput \(MB\/s\)[\s\S]*Memory over time/);
  t.notMatch(text, /<script|https?:\/\//);
});
