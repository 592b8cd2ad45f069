/**
 * `npm run bench`: measures Kopje, and with `--versus kafka` a real Apache Kafka in turn with it, on the same
 * machine in the same run; with `--backend pulsar` Kopje in front of a real Apache Pulsar, in both entry formats, in
 * turn with raw producers and readers of that Pulsar. Prints a table; writes bench/results/<date>.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { Command, Option } from 'commander';
import { type Pair, ratios, row } from './report.js';
import { type Measurement, measure, type Scenario, scenarios, scenarioTexts } from './scenario.js';
import { startKafkaTarget } from './target/kafka.js';
import { startKopjeTarget } from './target/kopje.js';
import { startPulsarTargets } from './target/pulsar.js';
import type { Target } from './target/target.js';

interface Options {
  backend: 'embedded' | 'pulsar';
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

async function startTargets(options: Options): Promise<{ targets: Target[]; pairs: Pair[] }> {
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
  const settings = [`durability=${options.durability}`, ...options.set];
  say(`starting kopje (${settings.join(', ')})`);
  const targets = [await startKopjeTarget(settings)];
  if (options.versus === undefined) return { targets, pairs: [] };
  say('starting kafka (its default settings, 1 GiB heap)');
  targets.push(await startKafkaTarget());
  return { targets, pairs: [['kopje', 'kafka']] };
}

async function run(options: Options): Promise<void> {
  const { targets, pairs } = await startTargets(options);
  const pace = { warmUpMs: options.warmUp * 1_000, measureMs: options.duration * 1_000 };
  const all: Measurement[] = [];
  try {
    for (const scenario of options.scenario) {
      say(`${scenario}: ${scenarioTexts[scenario]}`);
      for (let round = 1; round <= options.rounds; round++) {
        for (const target of targets) {
          const measurement = await measure(target, scenario, pace);
          all.push(measurement);
          say(`${round}/${options.rounds}  ${row(target.name, scenario, [measurement])}`);
        }
      }
    }
  } finally {
    for (const target of targets) await target.close();
  }
  await report(options, targets, pairs, all);
}

async function report(
  options: Options,
  targets: readonly Target[],
  pairs: readonly Pair[],
  all: readonly Measurement[],
): Promise<void> {
  const lines = options.scenario.flatMap((scenario) => {
    const runsOf = (name: string): Measurement[] =>
      all.filter((run) => run.target === name && run.scenario === scenario);
    return [
      ...targets.map(({ name }) => row(name, scenario, runsOf(name))),
      ...pairs.map((pair) => ratios(pair, scenario, runsOf)),
    ];
  });
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
  .description('Measures Kopje, and others in turn with it.')
  .addOption(
    new Option('--backend <name>', 'where Kopje keeps the records: its own log, or a real Pulsar')
      .choices(['embedded', 'pulsar'])
      .default('embedded'),
  )
  .addOption(
    new Option('--versus <broker>', 'measure this one in turn with the embedded log')
      .choices(['kafka'])
      .conflicts('backend'),
  )
  .addOption(
    new Option('--scenario <name...>', 'what to run')
      .choices([...scenarios])
      .default([...scenarios]),
  )
  .option('--duration <seconds>', 'measured time of each run', Number, 5)
  .option('--warm-up <seconds>', 'time before it', Number, 4)
  .option('--rounds <n>', 'runs of each scenario; medians are printed', Number, 1)
  .addOption(
    new Option('--durability <kind>', 'when Kopje acknowledges with its own log')
      .choices(['fsync', 'os'])
      .default('os'),
  )
  .option('--set <name=value>', 'a setting of Kopje (repeatable)', list, [])
  .option('--json', 'print the result as JSON', false);

await run(program.parse().opts<Options>());
