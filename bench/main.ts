/**
 * `npm run bench`: measures Kopje, and with `--versus kafka` a real Apache Kafka in turn with it, on the same
 * machine in the same run. Prints MB/s and broker CPU-seconds per GB; writes bench/results/<date>.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { Command, Option } from 'commander';
import { type Measurement, measure, type Scenario, scenarios, type Target } from './scenario.js';
import { startKafkaTarget } from './target/kafka.js';
import { startKopjeTarget } from './target/kopje.js';

interface Options {
  versus?: 'kafka';
  scenario: readonly Scenario[];
  duration: number;
  warmUp: number;
  rounds: number;
  durability: 'fsync' | 'os';
  set: readonly string[];
  json: boolean;
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

function medianOf(runs: readonly Measurement[], pick: (run: Measurement) => number): number {
  return median(runs.map(pick));
}

/** One line of the table: medians over the rounds. */
function row(target: string, scenario: Scenario, runs: readonly Measurement[]): string {
  const cells = [
    target.padEnd(8),
    scenario.padEnd(8),
    `${medianOf(runs, (run) => run.megabytesPerSecond).toFixed(0)} MB/s`.padStart(11),
    `${(medianOf(runs, (run) => run.recordsPerSecond) / 1_000).toFixed(0)} k records/s`.padStart(
      18,
    ),
    scenario === 'small'
      ? `${medianOf(runs, (run) => run.brokerCpuMicrosPerRequest).toFixed(1)} us CPU/request`.padStart(
          21,
        )
      : `${medianOf(runs, (run) => run.cpuSecondsPerGigabyte).toFixed(2)} CPU-s/GB`.padStart(21),
    `${medianOf(runs, (run) => run.rssMegabytes).toFixed(0)} MB RSS`.padStart(13),
    `load ${(100 * medianOf(runs, (run) => run.generatorCpuShare)).toFixed(0)} % of a core`.padStart(
      22,
    ),
  ];
  return cells.join('  ');
}

function ratios(
  scenario: Scenario,
  ours: readonly Measurement[],
  theirs: readonly Measurement[],
): string {
  const of = (pick: (run: Measurement) => number): string =>
    median(ours.map((run, index) => pick(run) / pick(theirs[index] as Measurement))).toFixed(2);
  const cost = (run: Measurement): number =>
    scenario === 'small' ? run.brokerCpuMicrosPerRequest : run.cpuSecondsPerGigabyte;
  const throughput = of((run) => run.recordsPerSecond);
  return `kopje/kafka ${scenario}: throughput ${throughput}, broker CPU ${of(cost)}, RSS ${of((run) => run.rssMegabytes)}`;
}

async function startTargets(options: Options): Promise<Target[]> {
  const settings = [`durability=${options.durability}`, ...options.set];
  say(`starting kopje (${settings.join(', ')})`);
  const targets = [await startKopjeTarget(settings)];
  if (options.versus === 'kafka') {
    say('starting kafka (its default settings, 1 GiB heap)');
    targets.push(await startKafkaTarget());
  }
  return targets;
}

async function run(options: Options): Promise<void> {
  const targets = await startTargets(options);
  const pace = { warmUpMs: options.warmUp * 1_000, measureMs: options.duration * 1_000 };
  const all: Measurement[] = [];
  try {
    for (const scenario of options.scenario) {
      for (let round = 1; round <= options.rounds; round++) {
        for (const target of targets) {
          say(`${scenario} ${round}/${options.rounds} on ${target.name}`);
          all.push(await measure(target, scenario, pace));
        }
      }
    }
  } finally {
    for (const target of targets) await target.close();
  }
  await report(options, targets, all);
}

async function report(
  options: Options,
  targets: readonly Target[],
  all: readonly Measurement[],
): Promise<void> {
  const lines: string[] = [];
  for (const scenario of options.scenario) {
    const runsOf = (name: string): Measurement[] =>
      all.filter((run) => run.target === name && run.scenario === scenario);
    for (const { name } of targets) lines.push(row(name, scenario, runsOf(name)));
    if (options.versus) lines.push(ratios(scenario, runsOf('kopje'), runsOf(options.versus)));
  }
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
  const result = { date: new Date().toISOString(), machine, options, measurements: all };
  await mkdir('bench/results', { recursive: true });
  const file = `bench/results/${result.date.replaceAll(':', '-')}.json`;
  await writeFile(file, JSON.stringify(result, null, 2));
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${lines.join('\n')}\n`);
  say(`written to ${file}`);
}

function list(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

const program = new Command('bench')
  .description('Measures Kopje, and other brokers in turn with it.')
  .addOption(new Option('--versus <broker>', 'measure this one in turn').choices(['kafka']))
  .addOption(
    new Option('--scenario <name...>', 'what to run')
      .choices([...scenarios])
      .default([...scenarios]),
  )
  .option('--duration <seconds>', 'measured time of each run', Number, 5)
  .option('--warm-up <seconds>', 'time before it', Number, 4)
  .option('--rounds <n>', 'runs of each scenario; medians are printed', Number, 1)
  .addOption(
    new Option('--durability <kind>', 'when Kopje acknowledges')
      .choices(['fsync', 'os'])
      .default('os'),
  )
  .option('--set <name=value>', 'a setting of Kopje (repeatable)', list, [])
  .option('--json', 'print the result as JSON', false);

await run(program.parse().opts<Options>());
