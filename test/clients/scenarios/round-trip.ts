/** Many records, every compression, written by one client and compared by another. */

import { type Client, clients } from '../catalogue.js';
import { runProgram } from '../process.js';
import { storedCodecs } from '../stored-codecs.js';
import type { Context } from './scenario.js';

export const roundTripPartitions = 6;
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const timeoutMs = 180_000;

/** The topic that a client writes and others read. */
export function roundTripTopic(context: Context, client: Client): string {
  return `${context.prefix}-of-${client.name}`;
}

function spec(context: Context, writer: Client) {
  return {
    bootstrap: context.runner.bootstrap,
    topic: roundTripTopic(context, writer),
    partitions: roundTripPartitions,
    baseTimestampMs: context.baseTimestampMs,
    nullHeaders: writer.nullHeaders,
  };
}

/** Creates the topic and fills it. */
export async function write(context: Context, client: Client, command: string[]): Promise<void> {
  const { runner, entryFormats } = context;
  const format = entryFormats[clients.indexOf(client) % entryFormats.length];
  await runner.createTopic(roundTripTopic(context, client), roundTripPartitions, format);
  await produce(context, client, command);
  await checkStored(context, client);
}

/** Produces, idempotently and with five requests in flight where the client can. */
export async function produce(context: Context, client: Client, command: string[]): Promise<void> {
  const { recordCount } = context;
  const share = recordCount / compressions.length;
  const parts = compressions.map((compression, n) => ({
    compression,
    startIndex: n * share,
    endIndex: (n + 1) * share,
  }));
  const order = { ...spec(context, client), scenario: 'produce', parts };
  const { produced } = await runProgram(command, order, timeoutMs);
  if (produced !== recordCount) throw new Error(`produced ${produced} of ${recordCount}`);
}

/**
 * Compares the offsets taken with the records produced: none lost, none twice; and looks whether the
 * client compressed, which librdkafka leaves undone without a word if it finds the broker too old.
 */
export async function checkStored(context: Context, client: Client): Promise<void> {
  const ends = await context.runner.endOffsets(roundTripTopic(context, client));
  const { recordCount } = context;
  const stored = ends.reduce((sum, end) => sum + end, 0);
  if (stored !== recordCount) throw new Error(`${stored} offsets taken by ${recordCount} records`);
  if (context.dataDir === undefined) return;
  expectCodecs(context.dataDir, roundTripTopic(context, client));
}

/** @throws Error unless batches of every codec are stored. */
export function expectCodecs(dataDir: string, topic: string): void {
  const stored = storedCodecs(dataDir, topic);
  if (String(stored) !== String(compressions)) throw new Error(`stored with ${stored} only`);
}

/** Reads what `writer` wrote and compares every key, value, header, timestamp and the order. */
export async function read(context: Context, writer: Client, command: string[]): Promise<void> {
  const { recordCount } = context;
  const consume = { ...spec(context, writer), scenario: 'consume', count: recordCount };
  const { consumed, wrong = [] } = await runProgram(command, consume, timeoutMs);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  if (consumed !== recordCount) throw new Error(`consumed ${consumed} of ${recordCount}`);
}
