import { setTimeout as delay } from 'node:timers/promises';
import { ServerError } from '../../../engine/protocol/pulsar/commands.js';
import type { CountCopy } from '../../batch/rebuild.js';
import type { PulsarOrigin } from '../../ring/control.js';
import {
  type LogConfig,
  LogFault,
  type LogNotice,
  type ProducerSnapshotEntry,
  type ReplayVisitor,
} from '../log.js';
import { ConnectionLost, PulsarError } from './errors.js';
import type { ExclusiveWriter } from './exclusive-writer.js';
import { checkEnd } from './known-end.js';
import { loadSnapshot } from './load-snapshot.js';
import { EntryOrder, findStart, type Point, Positions } from './positions.js';
import { logStartProperty, type OpenedTopic, PulsarLog } from './pulsar-log.js';
import { lastDelivered, replay, unknownFrom } from './replay.js';
import { Sender } from './sender.js';
import { placesBefore } from './snapshot-place.js';
import type { ThreadTools } from './thread-tools.js';
import { findTransactions, type ScanRange, type TransactionScanTools } from './transaction-scan.js';
import { Transactions } from './transactions.js';

/** Openings in a row, before somebody else decides whether to try again. */
const maxTries = 4;
const firstWaitMs = 50;

export interface PulsarLogOptions {
  readonly tools: ThreadTools;
  /** `persistent://…` of the partition; it exists. */
  readonly topic: string;
  /** Another one for a topic that was made anew. */
  readonly topicId: string;
  readonly config: LogConfig;
  /** Ms since the epoch. */
  readonly clock: () => number;
  readonly visitor: ReplayVisitor;
  /** What the visitor, and who appends, know of producers from all batches below an offset. */
  takeSnapshot(endOffset: number): ProducerSnapshotEntry[];
  report(notice: LogNotice): void;
  /** Payload bytes were made or copied. */
  readonly copied: CountCopy;
  /** An end that readers have seen: a topic that ends before it is another one, or has lost what they have read. */
  readonly knownEndOffset: number;
  /** Whether KoP may have written transactions into it; those that commit are also for who reads it anew. */
  readonly transactions: PulsarOrigin['transactions'];
}

/**
 * Takes a partition over: nobody else can write to it from now on. Rejects with LogFault: 'corrupt' if the topic has lost
 * what readers have seen, else 'storage'.
 */
export async function openPulsarLog(options: PulsarLogOptions): Promise<PulsarLog> {
  for (let tries = 1; ; tries++) {
    try {
      return await openOnce(options);
    } catch (error) {
      if (tries === maxTries || !mayPass(error)) throw faultOf(error);
    }
    await delay(firstWaitMs * 2 ** tries);
  }
}

/** Whatever Pulsar said: later it may say something else. */
function faultOf(error: unknown): LogFault {
  if (error instanceof LogFault) return error;
  const { message } = error as Error;
  return new LogFault('storage', `the topic could not be taken over: ${message}`, { cause: error });
}

/** A broker that gives the topic to another one, or a fenced producer that took the connection with it. */
function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true;
  return error instanceof PulsarError && error.code === ServerError.ServiceNotReady;
}

async function openOnce(options: PulsarLogOptions): Promise<PulsarLog> {
  const { tools, topic, clock } = options;
  const { lookup, admin } = tools;
  const log: { opened: PulsarLog | null } = { opened: null };
  const report = (level: LogNotice['level'], message: string, reason: string) =>
    options.report({ level, message, fields: { topic, reason } });
  await checkEnd(admin, topic, options.knownEndOffset);
  const { sender, writer } = await Sender.open(
    { topic, lookup, admin },
    {
      stored: (placed, ledgerId, entryId) => log.opened?.stored(placed, ledgerId, entryId),
      ready: () => log.opened?.moved(),
      ended: (fault) => log.opened?.failed(fault),
      report,
    },
    clock(),
  );
  try {
    log.opened = new PulsarLog(await learn(options, sender, writer));
    return log.opened;
  } catch (error) {
    await sender.close().catch(() => undefined);
    throw error;
  }
}

/** What there is in a topic that was taken over. */
async function learn(
  options: PulsarLogOptions,
  sender: Sender,
  writer: ExclusiveWriter,
): Promise<OpenedTopic> {
  const { topic, tools } = options;
  const { lookup, admin, entry } = tools;
  const { endOffset, topicEpoch, maxMessageBytes, last } = writer;
  const { ledgers } = await admin.ledgers(topic);
  const [start, properties] = await Promise.all([
    findStart(admin, topic, ledgers, endOffset),
    admin.properties(topic),
  ]);
  const positions = new Positions(admin, topic, start);
  const order = new EntryOrder(ledgers);
  // The barrier is not among what is looked for.
  const endNumber = Math.max(0, order.numberOf(last));
  const replayTools = { topic, lookup, admin, positions, entry };
  const delivered = await lastDelivered(replayTools, order, endNumber, start.offset);
  const scan = await findProducers(options, properties, positions, endOffset);
  // Records of owners before the first one that Kopje knows of have an epoch, too.
  const leaderEpoch = topicEpoch + 1;
  const virtualStart = Number(properties[logStartProperty] ?? 0);
  const { from, isCut } = scan ?? (await unknownFrom(replayTools, order, delivered.number, start));
  if (isCut) {
    const message =
      'no snapshot tells of the producers; those with nothing in the last entries are not known';
    options.report({ level: 'warn', message, fields: { topic, fromOffset: from.offset } });
  }
  const firstOffset = scan?.firstOffset ?? from.offset;
  const replayed = await replay(
    replayTools,
    from,
    firstOffset,
    delivered.endOffset,
    options.visitor,
  );
  const startOffset = Math.min(endOffset, Math.max(start.offset, virtualStart));
  const range = { order, lastDelivered: delivered.number, endNumber, startOffset, endOffset };
  const transactionsFound = await transactionsOf(options, replayTools, range);
  positions.saw(endOffset, last.ledgerId, last.entryId);
  return {
    ...options,
    sender,
    positions,
    maxMessageBytes,
    leaderEpoch,
    // The barrier is this owner's.
    epochStartOffset: last.entryId < 0 ? endOffset : endOffset - 1,
    startOffset,
    endOffset,
    hole: { offset: delivered.endOffset, endOffset },
    needlessProperties: placesBefore(properties, leaderEpoch),
    replayed,
    transactionsFound,
  };
}

/** Tells the visitor the newest snapshot; null where there is none. */
async function findProducers(
  { topic, topicId, tools, visitor, report }: PulsarLogOptions,
  properties: Readonly<Record<string, string>>,
  positions: Positions,
  endOffset: number,
): Promise<{ from: Point; firstOffset: number; isCut: boolean } | null> {
  const { snapshots, codecs } = tools;
  const failed = (offset: number, reason: string) => {
    const message = 'a snapshot of the producers cannot be read';
    report({ level: 'warn', message, fields: { topic, offset, reason } });
  };
  const found = await loadSnapshot(snapshots, codecs, properties, topicId, endOffset, failed);
  visitor.snapshot(found?.rows ?? []);
  if (found === null) return null;
  const { offset: firstOffset, after } = found;
  const isKnown = after !== null && firstOffset > positions.startOffset;
  const from = isKnown ? { offset: firstOffset, after } : await positions.locate(firstOffset);
  return { from, firstOffset, isCut: false };
}

/** Reads all of the topic that was not looked at before; nothing where KoP never wrote a transaction. */
async function transactionsOf(
  { transactions }: PulsarLogOptions,
  tools: TransactionScanTools,
  range: Omit<ScanRange, 'needsCommits'>,
): Promise<Transactions> {
  if (transactions === 'none') return new Transactions();
  return findTransactions(tools, { ...range, needsCommits: transactions === 'read-with-commits' });
}
