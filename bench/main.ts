/**
 * `npm run bench`: measures Kopje, and with `--versus kafka` a real Apache Kafka in turn with it, on the same
 * machine in the same run; with `--backend pulsar` Kopje in front of a real Apache Pulsar, in both entry formats, in
 * turn with raw producers and readers of that Pulsar. Prints a table, and how Kopje stands against its targets; writes
 * a JSON file and a page with plots.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import { prepareClient } from './load/client/programs.js';
import type { Measurement } from './measurement.js';
import { type Options, readOptions } from './options.js';
import { page } from './page.js';
import { aligned, ratios, row, targetCells } from './report.js';
import { Run } from './run.js';
import { canRun, type Scenario, scenarios } from './scenario.js';
import { type Field, startTargets } from './target/start.js';
import { judgeAll } from './verdict.js';

const fullRounds = 5;
const comparedRounds = 3;

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

function wantedBy({ scenario, full, load }: Options, { standard, targets }: Field): Scenario[] {
  const names = scenario ?? (full ? ['all'] : standard);
  const wanted = names.includes('all')
    ? [...scenarios.values()]
    : names.map((name) => scenarios.get(name) as Scenario);
  return wanted.filter((one) => targets.some((target) => canRun(one, target, load === 'raw')));
}

function roundsOf({ rounds, full }: Options, { pairs }: Field): number {
  if (rounds !== undefined) return rounds;
  if (full) return fullRounds;
  return pairs.length > 0 ? comparedRounds : 1;
}

/** Rejects when somebody ends the run: its brokers and their files are to go. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error(`ended by ${signal}`)));
    }
  });
}

async function bench(options: Options): Promise<void> {
  const client = options.load === 'raw' ? null : await prepareClient(options.load);
  const field = await startTargets(options, say);
  const wanted = wantedBy(options, field);
  const run = new Run(options, field, client, say);
  try {
    await Promise.race([run.all(wanted, roundsOf(options, field)), interruption()]);
  } finally {
    for (const target of field.targets) await target.close();
  }
  await report(options, wanted, field, run.measurements);
}

async function report(
  options: Options,
  wanted: readonly Scenario[],
  { targets, pairs, bounds }: Field,
  measurements: readonly Measurement[],
): Promise<void> {
  const runsOf = (name: string, scenario: string): Measurement[] =>
    measurements.filter((one) => one.target === name && one.scenario === scenario);
  const lines = wanted.flatMap((scenario) => {
    const ran = targets
      .filter((target) => canRun(scenario, target, options.load === 'raw'))
      .map(({ name }) => name);
    const isLoad = scenario.kind === 'steady' || scenario.kind === 'bursts';
    const compared = pairs.filter((pair) => isLoad && pair.every((name) => ran.includes(name)));
    return [
      ...ran.map((name) => row(name, scenario, runsOf(name, scenario.name))),
      ...compared.map((pair) => ratios(pair, scenario, (name) => runsOf(name, scenario.name))),
    ];
  });
  const judgements = judgeAll(bounds, runsOf);
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
  const result = { date: new Date().toISOString(), machine, options, judgements, measurements };
  await mkdir('bench/results', { recursive: true });
  const file = `bench/results/${result.date.replaceAll(':', '-')}`;
  await writeFile(`${file}.json`, JSON.stringify(result, null, 2));
  await writeFile(`${file}.html`, page(result, lines));
  const table = judgements.length === 0 ? [] : ['', ...aligned(targetCells(judgements))];
  process.stdout.write(
    options.json ? `${JSON.stringify(result)}\n` : `${[...lines, ...table].join('\n')}\n`,
  );
  say(`written to ${file}.json and ${file}.html`);
}

await bench(readOptions());
