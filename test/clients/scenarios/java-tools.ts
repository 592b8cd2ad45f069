/** Kafka's own command-line tools, the way its documentation uses them. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KafkaHome } from '../../peers/kafka.js';
import type { Context, Scenario } from './scenario.js';

const timeoutMs = 120_000;
const lineCount = 100_000;
const dumpedLines = 10_000;
const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** The tools on one broker. */
class Tools {
  readonly context: Context;
  readonly kafka: KafkaHome;

  constructor(context: Context, kafka: KafkaHome) {
    this.context = context;
    this.kafka = kafka;
  }

  get bootstrap(): string {
    return this.context.runner.bootstrap;
  }

  topic(what: string): string {
    return `${this.context.prefix}-tools-${what}`;
  }

  /** Runs a tool against the broker and gives its output. */
  run(name: string, args: readonly string[], input = ''): Promise<string> {
    const all = ['--bootstrap-server', this.bootstrap, ...args];
    return this.kafka.tool(name, all, { timeoutMs, input, merge: true });
  }

  createTopic(topic: string, partitions: number, more: readonly string[] = []): Promise<string> {
    const count = ['--partitions', String(partitions), '--replication-factor', '1'];
    return this.run('TopicCommand', ['--create', '--topic', topic, ...count, ...more]);
  }
}

function expectText(what: string, text: string, ...wanted: (string | RegExp)[]): void {
  for (const want of wanted) {
    const holds = typeof want === 'string' ? text.includes(want) : want.test(text);
    if (!holds) throw new Error(`${what} prints no ${want}:\n${text.slice(0, 2000)}`);
  }
}

/** The console producer's line i: partition by key, headers, nulls. */
function consoleLine(i: number): string {
  const key = i % 7 === 0 ? 'NULL' : `k${i % 1000}`;
  const value = i % 13 === 0 ? 'NULL' : `value ${i}`;
  return `one:${i},two:\t${key}\t${value}`;
}

/** ConsoleProducer with each compression, ConsoleConsumer reads every field back. */
async function consoleRoundTrip(tools: Tools): Promise<void> {
  const topic = tools.topic('console');
  await tools.createTopic(topic, 1);
  const share = lineCount / codecs.length;
  for (const [turn, codec] of codecs.entries()) {
    const lines = Array.from({ length: share }, (_, n) => consoleLine(turn * share + n));
    const reader = ['parse.key=true', 'parse.headers=true', 'null.marker=NULL'];
    const properties = reader.flatMap((property) => ['--reader-property', property]);
    const args = ['--topic', topic, '--compression-codec', codec, ...properties];
    await tools.run('ConsoleProducer', args, `${lines.join('\n')}\n`);
  }
  const print = ['key', 'headers', 'offset', 'partition'].map((field) => `print.${field}=true`);
  const properties = [...print, 'null.literal=NULL'].flatMap((p) => ['--formatter-property', p]);
  const all = ['--topic', topic, '--from-beginning', '--max-messages', String(lineCount)];
  const text = await tools.kafka.tool(
    'consumer.ConsoleConsumer',
    ['--bootstrap-server', tools.bootstrap, ...all, '--timeout-ms', '20000', ...properties],
    { timeoutMs },
  );
  const lines = text.trimEnd().split('\n');
  if (lines.length !== lineCount) throw new Error(`consumed ${lines.length} of ${lineCount}`);
  lines.forEach((got, i) => {
    const want = `Partition:0\tOffset:${i}\t${consoleLine(i)}`;
    if (got !== want) throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
  });
}

/** ProducerPerformance with 100 000 records, ConsumerPerformance reads them. */
async function performanceTools(tools: Tools): Promise<void> {
  const topic = tools.topic('performance');
  await tools.createTopic(topic, 6);
  const load = ['--num-records', String(lineCount), '--record-size', '300', '--throughput', '-1'];
  const settings = ['--command-property', 'compression.type=lz4'];
  const args = ['--topic', topic, ...load, ...settings];
  const produced = await tools.run('ProducerPerformance', args);
  expectText('ProducerPerformance', produced, `${lineCount} records sent`);
  const count = ['--num-records', String(lineCount), '--timeout', '30000'];
  const consumed = await tools.run('ConsumerPerformance', ['--topic', topic, ...count]);
  expectText('ConsumerPerformance', consumed, new RegExp(`, ${lineCount},`));
}

async function topicCommand(tools: Tools): Promise<void> {
  const topic = tools.topic('topics');
  const created = await tools.createTopic(topic, 3, ['--config', 'retention.ms=86400000']);
  expectText('--create', created, `Created topic ${topic}`);
  expectText('--list', await tools.run('TopicCommand', ['--list']), topic);
  const described = await tools.run('TopicCommand', ['--describe', '--topic', topic]);
  expectText(
    '--describe',
    described,
    'PartitionCount: 3',
    'retention.ms=86400000',
    /TopicId: \S{22}/,
  );
  expectText('--describe', described, /Partition: 2\s+Leader: \d+\s+Replicas: \d+\s+Isr: \d+/);
  await tools.run('TopicCommand', ['--alter', '--topic', topic, '--partitions', '5']);
  const altered = await tools.run('TopicCommand', ['--describe', '--topic', topic]);
  expectText('--describe', altered, 'PartitionCount: 5');
  await tools.run('TopicCommand', ['--delete', '--topic', topic]);
  const left = await tools.run('TopicCommand', ['--list']);
  if (left.split('\n').includes(topic)) throw new Error(`${topic} is still listed`);
}

async function configCommand(tools: Tools): Promise<void> {
  const topic = tools.topic('configs');
  await tools.createTopic(topic, 1);
  const entity = ['--entity-type', 'topics', '--entity-name', topic];
  const command = 'kafka.admin.ConfigCommand';
  const add = ['--alter', '--add-config', 'max.message.bytes=200000,segment.ms=60000'];
  expectText('--alter', await tools.run(command, [...entity, ...add]), 'Completed updating');
  const described = await tools.run(command, [...entity, '--describe']);
  expectText('--describe', described, 'max.message.bytes=200000', 'segment.ms=60000');
  expectText('--describe', described, 'DYNAMIC_TOPIC_CONFIG:max.message.bytes=200000');
  await tools.run(command, [...entity, '--alter', '--delete-config', 'segment.ms']);
  const all = await tools.run(command, [...entity, '--describe', '--all']);
  expectText('--describe --all', all, 'segment.ms=604800000', 'cleanup.policy=delete');
  const brokers = ['--entity-type', 'brokers', '--entity-default', '--describe'];
  await tools.run(command, brokers);
}

/** Offsets, deletion of records and the commands on groups, on one topic. */
async function offsetsAndGroups(tools: Tools): Promise<void> {
  const topic = tools.topic('offsets');
  const group = tools.topic('group');
  await tools.createTopic(topic, 1);
  const input = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('');
  await tools.run('ConsoleProducer', ['--topic', topic], input);
  const offsets = async (time: string) =>
    (await tools.run('GetOffsetShell', ['--topic', topic, '--time', time])).trim();
  expectText('GetOffsetShell -1', await offsets('-1'), `${topic}:0:100`);
  expectText('GetOffsetShell -2', await offsets('earliest'), `${topic}:0:0`);
  expectText('GetOffsetShell -3', await offsets('max-timestamp'), new RegExp(`${topic}:0:\\d+`));

  const read = ['--topic', topic, '--group', group, '--from-beginning', '--max-messages', '40'];
  const lines = await tools.run('consumer.ConsoleConsumer', [...read, '--timeout-ms', '20000']);
  expectText('ConsoleConsumer', lines, 'line 39', 'Processed a total of 40 messages');
  const groups = 'consumer.group.ConsumerGroupCommand';
  expectText('--list', await tools.run(groups, ['--list']), group);
  const described = await tools.run(groups, ['--describe', '--group', group]);
  expectText('--describe', described, new RegExp(`${topic}\\s+0\\s+40\\s+100\\s+60`));
  const state = await tools.run(groups, ['--describe', '--group', group, '--state']);
  expectText('--state', state, 'Empty');
  const reset = ['--reset-offsets', '--group', group, '--topic', topic, '--execute', '--to-offset'];
  expectText('--reset-offsets', await tools.run(groups, [...reset, '25']), /\s25\s/);
  const forget = ['--delete-offsets', '--group', group, '--topic', topic];
  expectText('--delete-offsets', await tools.run(groups, forget), 'Successful');
  expectText('--delete', await tools.run(groups, ['--delete', '--group', group]), 'successful');

  const directory = mkdtempSync(join(tmpdir(), 'kopje-tools-'));
  const file = join(directory, 'offsets.json');
  writeFileSync(
    file,
    JSON.stringify({ partitions: [{ topic, partition: 0, offset: 30 }], version: 1 }),
  );
  const deleted = await tools.run('DeleteRecordsCommand', ['--offset-json-file', file]);
  rmSync(directory, { recursive: true });
  expectText('DeleteRecordsCommand', deleted, 'low_watermark: 30');
  expectText('GetOffsetShell -2', await offsets('-2'), `${topic}:0:30`);
}

/** DumpLogSegments reads the segments of a Kopje, and its consumer offsets. */
async function dumpLogSegments(tools: Tools, dataDir: string): Promise<void> {
  const topic = tools.topic('dump');
  await tools.createTopic(topic, 1, ['--config', 'segment.bytes=1048576']);
  // Two MiB, so that segments are rolled and their indexes are there to be read.
  const padding = 'x'.repeat(200);
  const line = (i: number) => `key ${i % 10}\tline ${i} ${padding}\n`;
  const input = Array.from({ length: dumpedLines }, (_, i) => line(i)).join('');
  const keyed = ['--topic', topic, '--reader-property', 'parse.key=true'];
  await tools.run('ConsoleProducer', keyed, input);
  await tools.run('ConsoleProducer', [...keyed, '--compression-codec', 'zstd'], line(dumpedLines));
  const limit = ['--max-messages', String(dumpedLines)];
  const read = ['--topic', topic, '--group', topic, '--from-beginning', ...limit];
  await tools.run('consumer.ConsoleConsumer', [...read, '--timeout-ms', '20000']);
  const folders = readdirSync(dataDir, { recursive: true, withFileTypes: true });
  const filesOf = (name: RegExp, suffix: string) =>
    folders
      .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => name.test(path));
  const dump = (files: readonly string[], more: readonly string[] = []) =>
    tools.kafka.tool('DumpLogSegments', ['--files', files.join(','), ...more], {
      timeoutMs,
      merge: true,
    });

  const partition = new RegExp(`${topic}-0/`);
  const text = await dump(filesOf(partition, '.log'), ['--print-data-log', '--deep-iteration']);
  expectText('DumpLogSegments', text, `payload: line ${dumpedLines} `, 'compresscodec: zstd');
  if (text.includes('isvalid: false')) throw new Error('DumpLogSegments finds an invalid batch');
  for (const suffix of ['.index', '.timeindex']) {
    const checked = await dump(filesOf(partition, suffix), ['--index-sanity-check']);
    expectText(`DumpLogSegments of ${suffix}`, checked, 'passed sanity check');
  }
  const offsets = await dump(filesOf(/__consumer_offsets-\d+\//, '.log'), ['--offsets-decoder']);
  expectText(
    'DumpLogSegments --offsets-decoder',
    offsets,
    `"group":"${topic}"`,
    `"offset":${dumpedLines}`,
  );
}

export function javaToolScenarios(context: Context, kafka: KafkaHome): Scenario[] {
  const tools = new Tools(context, kafka);
  const client = 'java-tools';
  const scenarios: Scenario[] = [
    { client, title: 'offsets, groups, deletion of records', run: () => offsetsAndGroups(tools) },
  ];
  const extra: [string, (tools: Tools) => Promise<void>][] = [
    ['console producer and consumer', consoleRoundTrip],
    ['producer and consumer performance', performanceTools],
    ['TopicCommand', topicCommand],
    ['ConfigCommand', configCommand],
  ];
  for (const [title, run] of extra) {
    scenarios.unshift({ client, title, isExtra: true, run: () => run(tools) });
  }
  const { dataDir } = context;
  if (dataDir !== undefined) {
    scenarios.push({
      client,
      title: 'DumpLogSegments',
      run: () => dumpLogSegments(tools, dataDir),
    });
  }
  return scenarios;
}
