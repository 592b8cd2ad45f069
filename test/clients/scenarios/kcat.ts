/** kcat, which here is an old librdkafka (2.0 in Debian 12). */

import type { Client } from '../catalogue.js';
import { runToEnd } from '../process.js';
import { recordHeaders, recordKey, recordValue } from '../records.js';
import { expectCodecs, roundTripPartitions, roundTripTopic } from './round-trip.js';
import type { Context, Scenario } from './scenario.js';

const partitions = 4;
const linesPerCall = 5000;
const timeoutMs = 120_000;
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Line n for a partition; `-Z` makes an empty key or value a null. */
function line(partition: number, n: number): { key: string; value: string } {
  const i = n * partitions + partition;
  return { key: i % 7 === 0 ? '' : `k${i % 1000}`, value: i % 13 === 0 ? '' : `value ${i} \u00e9` };
}

async function produce(context: Context, topic: string): Promise<void> {
  const { bootstrap } = context.runner;
  await context.runner.createTopic(topic, partitions);
  const headers = ['-H', 'one=1', '-H', 'two='];
  for (const [turn, codec] of compressions.entries()) {
    for (let partition = 0; partition < partitions; partition++) {
      const lines: string[] = [];
      for (let n = turn * linesPerCall; n < (turn + 1) * linesPerCall; n++) {
        const { key, value } = line(partition, n);
        lines.push(`${key}\t${value}\n`);
      }
      const where = ['-P', '-b', bootstrap, '-t', topic, '-p', String(partition), '-K', '\\t'];
      const sure = ['-X', 'enable.idempotence=true', '-Z', '-z', codec];
      await runToEnd(['kcat', ...where, ...sure, ...headers], { input: lines.join(''), timeoutMs });
    }
  }
}

/** Consumes its own records back, by partition, and compares. */
async function ownRecords(context: Context, topic: string): Promise<void> {
  await produce(context, topic);
  if (context.dataDir !== undefined) expectCodecs(context.dataDir, topic);
  const format = '%p\\t%o\\t%K\\t%S\\t%h\\t%k\\t%s\\n';
  const all = ['-C', '-b', context.runner.bootstrap, '-t', topic, '-e', '-q', '-f', format];
  const text = (await runToEnd(['kcat', ...all], { timeoutMs })).toString();
  const next = new Array<number>(partitions).fill(0);
  // Not trimmed: the record that comes last may end with a tab and no value.
  for (const got of text.split('\n').slice(0, -1)) {
    const partition = Number(got.split('\t', 1)[0]);
    const n = next[partition] ?? 0;
    next[partition] = n + 1;
    const { key, value } = line(partition, n);
    const sizes = [key, value].map((part) => (part === '' ? -1 : Buffer.byteLength(part)));
    const want = [partition, n, ...sizes, 'one=1,two=', key, value].join('\t');
    if (got !== want) throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
  }
  const total = next.reduce((sum, count) => sum + count, 0);
  const wanted = compressions.length * partitions * linesPerCall;
  if (total !== wanted) throw new Error(`consumed ${total} of ${wanted}`);
}

/** The bytes that `kcat -f '%p %T %K %S|%k%s%h\n'` prints for record i of the contract. */
function printed(context: Context, writer: Client, i: number): Buffer {
  const key = recordKey(i);
  const value = recordValue(i);
  const numbers = [i % roundTripPartitions, context.baseTimestampMs + i];
  const sizes = [key?.length ?? -1, value?.length ?? -1];
  const parts: Buffer[] = [Buffer.from(`${[...numbers, ...sizes].join(' ')}|`)];
  if (key !== null) parts.push(key);
  if (value !== null) parts.push(value);
  recordHeaders(i, writer.nullHeaders).forEach(([name, header], at) => {
    parts.push(Buffer.from(`${at === 0 ? '' : ','}${name}=`), header ?? Buffer.from('NULL'));
  });
  parts.push(Buffer.from('\n'));
  return Buffer.concat(parts);
}

/** Compares what another client produced, one partition after another. */
async function recordsOf(context: Context, writer: Client): Promise<void> {
  const topic = roundTripTopic(context, writer);
  const from = ['-C', '-b', context.runner.bootstrap, '-t', topic, '-e', '-q'];
  for (let partition = 0; partition < roundTripPartitions; partition++) {
    const format = ['-p', String(partition), '-f', '%p %T %K %S|%k%s%h\\n'];
    const got = await runToEnd(['kcat', ...from, ...format], { timeoutMs });
    let at = 0;
    for (let i = partition; i < context.recordCount; i += roundTripPartitions) {
      const want = printed(context, writer, i);
      const here = got.subarray(at, at + want.length);
      if (!here.equals(want)) throw new Error(`record ${i}: got ${here}, want ${want}`);
      at += want.length;
    }
    if (at !== got.length) throw new Error(`more than expected: ${got.subarray(at, at + 200)}`);
  }
}

/** Two balanced consumers in one group read everything between them. */
async function group(context: Context, topic: string): Promise<void> {
  const { runner } = context;
  await runner.createTopic(topic, 12);
  const input = Array.from({ length: 12_000 }, (_, n) => `${n}:line ${n}\n`).join('');
  const put = ['-P', '-b', runner.bootstrap, '-t', topic, '-K', ':'];
  await runToEnd(['kcat', ...put], { input, timeoutMs });
  const settings = ['-X', 'auto.offset.reset=earliest', '-X', 'session.timeout.ms=10000'];
  const member = [
    'kcat',
    '-b',
    runner.bootstrap,
    ...settings,
    '-e',
    '-q',
    '-f',
    '%s\\n',
    '-G',
    topic,
  ];
  const outputs = await Promise.all([1, 2].map(() => runToEnd([...member, topic], { timeoutMs })));
  const lines = new Set(Buffer.concat(outputs).toString().trimEnd().split('\n'));
  if (lines.size !== 12_000) throw new Error(`consumed ${lines.size} different lines of 12 000`);
  const ends = await runner.endOffsets(topic);
  const committed = await runner.committed(topic, topic);
  if (String(ends) !== String(committed)) throw new Error(`committed ${committed}, ends ${ends}`);
}

export function kcatScenarios(context: Context, writers: readonly Client[]): Scenario[] {
  const client = 'kcat';
  const topic = (what: string) => `${context.prefix}-kcat-${what}`;
  const scenarios: Scenario[] = [
    { client, title: 'own 100 000 records', run: () => ownRecords(context, topic('own')) },
    { client, title: 'group of two', run: () => group(context, topic('group')) },
  ];
  const writer = writers[0];
  if (writer !== undefined) {
    const title = `consumes what ${writer.name} produced`;
    scenarios.push({ client, title, run: () => recordsOf(context, writer) });
  }
  return scenarios;
}
