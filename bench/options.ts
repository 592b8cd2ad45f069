import { Command, InvalidArgumentError, Option } from 'commander';
import { type ClientName, clientNames } from './load/client/programs.js';
import { type Changes, scenarios } from './scenario.js';
import type { TargetOptions } from './target/start.js';

/** What the command line says. */
export interface Options extends Changes, TargetOptions {
  /** Names, or `all`. */
  scenario?: readonly string[];
  full: boolean;
  duration: number;
  warmUp: number;
  jvmWarmUp: number;
  /** MB a second that `end-to-end` produces. */
  rate?: number;
  rounds?: number;
  load: 'raw' | ClientName;
  json: boolean;
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

function withTargets(program: Command): Command {
  return program
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
    .option('--set <name=value>', 'a setting of Kopje (repeatable)', list, []);
}

function withChanges(program: Command): Command {
  return program
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
    .option(
      '--rate <MB/s>',
      "that end-to-end produces (default: a fifth of Kafka's saturated rate in this run, else 50)",
      positive,
    );
}

function withRuns(program: Command): Command {
  return program
    .addOption(
      new Option('--scenario <name...>', 'what to run').choices(['all', ...scenarios.keys()]),
    )
    .addOption(
      new Option('--load <client>', 'the generator, or a real client where installed')
        .choices(['raw', ...clientNames])
        .default('raw'),
    )
    .option('--full', 'all scenarios that the targets can run, five rounds of each', false)
    .option('--duration <seconds>', 'measured time of each run', positive, 5)
    .option('--warm-up <seconds>', 'time before it', positive, 4)
    .option('--jvm-warm-up <seconds>', 'of load on brokers in Java before all runs', positive, 20)
    .option(
      '--rounds <n>',
      'runs of each scenario, of which the medians count (default: 3 where targets are compared, else 1)',
      count,
    )
    .option('--json', 'print the result as JSON', false);
}

/** Ends the process where they are wrong. */
export function readOptions(): Options {
  const program = new Command('bench').description('Measures Kopje, and others in turn with it.');
  return withRuns(withChanges(withTargets(program)))
    .parse()
    .opts<Options>();
}
