/**
 * `npm run bench`: measures Kopje, and with `--versus kafka` a real Apache Kafka in turn with it, on the same
 * machine in the same run; with `--backend pulsar` Kopje in front of a real Apache Pulsar, in both entry formats, in
 * turn with raw producers and readers of that Pulsar. Prints a table; writes a JSON file and a page with plots.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Measurement, measure } from './measure.js';
import { page } from './page.js';
import { type Pair, ratios, row } from './report.js';
import { type Changes, canRun, type Scenario, scenarios } from './scenario.js';
import { startTargets, type TargetOptions } from './target/start.js';
import type { Target } from './target/target.js';

interface Options extends Changes, TargetOptions {
  scenario?: readonly string[];
  duration: number;
  warmUp: number;
  rounds: number;
  json: boolean;
}

/** Those of a run that names none; the others are for a question of their own. */
const standard = ['produce', 'fetch', 'small', 'latency', 'end-to-end'];

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

async function run(options: Options): Promise<void> {
  const wanted = (options.scenario ?? standard).map((name) => scenarios.get(name) as Scenario);
  const { targets, pairs } = await startTargets(options, say);
  const times = { warmUpMs: options.warmUp * 1_000, measureMs: options.duration * 1_000 };
  const all: Measurement[] = [];
  try {
    for (const scenario of wanted) {
      say(`${scenario.name}: ${scenario.text}`);
      for (let round = 1; round <= options.rounds; round++) {
        for (const target of targets.filter((one) => canRun(scenario, one))) {
          const measurement = await measure(target, scenario, options, times);
          all.push(measurement);
          say(`${round}/${options.rounds}  ${row(target.name, scenario, [measurement])}`);
        }
      }
    }
  } finally {
    for (const target of targets) await target.close();
  }
  await report(options, wanted, targets, pairs, all);
}

async function report(
  options: Options,
  wanted: readonly Scenario[],
  targets: readonly Target[],
  pairs: readonly Pair[],
  all: readonly Measurement[],
): Promise<void> {
  const runsOf = (name: string, scenario: Scenario): Measurement[] =>
    all.filter((one) => one.target === name && one.scenario === scenario.name);
  const lines = wanted.flatMap((scenario) => {
    const ran = targets.filter((target) => canRun(scenario, target)).map(({ name }) => name);
    const compared = pairs.filter((pair) => pair.every((name) => ran.includes(name)));
    return [
      ...ran.map((name) => row(name, scenario, runsOf(name, scenario))),
      ...compared.map((pair) => ratios(pair, scenario, (name) => runsOf(name, scenario))),
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
  const file = `bench/results/${result.date.replaceAll(':', '-')}`;
  await writeFile(`${file}.json`, JSON.stringify(result, null, 2));
  await writeFile(`${file}.html`, page(result, lines));
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${lines.join('\n')}\n`);
  say(`written to ${file}.json and ${file}.html`);
}

function list(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

function positive(value: string): number {
  const number = Number(value);
  if (number > 0) return number;
  throw new InvalidArgumentError('it must be a number above 0.');
}

function count(value: string): number {
  const number = positive(value);
  if (Number.isInteger(number)) return number;
  throw new InvalidArgumentError('it must be a whole number above 0.');
}

const program = new Command('bench')
  .description('Measures Kopje, and others in turn with it.')
  .addOption(
    new Option('--backend <name>', 'where Kopje keeps the records: its own log, or a real Pulsar')
      .choices(['embedded', 'pulsar'])
      .default('embedded'),
  )
  .addOption(
    new Option('--versus <broker>', 'measure this one in turn with Kopje')
      .choices(['kafka'])
      .conflicts('backend'),
  )
  .addOption(
    new Option(
      '--target <host:port>',
      'measure a broker that runs already, in place of Kopje',
    ).conflicts(['backend']),
  )
  .addOption(new Option('--pid <pid>', 'of its process, for CPU and memory').argParser(count))
  .addOption(new Option('--scenario <name...>', 'what to run').choices([...scenarios.keys()]))
  .option('--record-size <bytes>', 'of each record', count)
  .option('--partitions <n>', 'of the topic', count)
  .addOption(
    new Option('--compression <codec>', 'of the batches').choices([
      'none',
      'gzip',
      'snappy',
      'lz4',
      'zstd',
    ]),
  )
  .addOption(
    new Option('--acks <n>', '1, or -1 for all').argParser((value) => {
      if (value === '1' || value === '-1') return Number(value);
      throw new InvalidArgumentError('it must be 1 or -1.');
    }),
  )
  .option('--rate <MB/s>', 'that end-to-end produces', positive, 50)
  .option('--duration <seconds>', 'measured time of each run', positive, 5)
  .option('--warm-up <seconds>', 'time before it', positive, 4)
  .option('--rounds <n>', 'runs of each scenario; medians are printed', count, 1)
  .addOption(
    new Option('--durability <kind>', 'when Kopje acknowledges with its own log')
      .choices(['fsync', 'os'])
      .default('os'),
  )
  .addOption(
    new Option('--entry-format <format>', 'how Kopje stores with its own log')
      .choices(['kafka', 'mixed_kafka', 'pulsar'])
      .default('kafka'),
  )
  .option('--set <name=value>', 'a setting of Kopje (repeatable)', list, [])
  .option('--json', 'print the result as JSON', false);

await run(program.parse().opts<Options>());
