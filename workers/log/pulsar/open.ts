import { setTimeout as delay } from 'node:timers/promises';
import { type MessageId, ServerError } from '../../../engine/protocol/pulsar/commands.js';
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
import { checkEnd } from './known-end.js';
import { loadSnapshot } from './load-snapshot.js';
import type { LogSender, OpenedTopic } from './opened-topic.js';
import { EntryOrder, findStart, type Point, Positions } from './positions.js';
import { logStartProperty, PulsarLog } from './pulsar-log.js';
import {
  type LastDelivered,
  lastDelivered,
  type Replayed,
  type ReplayTools,
  replay,
  unknownFrom,
} from './replay.js';
import { Sender } from './sender.js';
import { type Barrier, leaderEpochOf } from './shared-owner.js';
import { SharedSender } from './shared-sender.js';
import { placesBefore } from './snapshot-place.js';
import { stampBytes } from './stamp.js';
import type { ThreadTools } from './thread-tools.js';
import {
  findTransactions,
  type ScanRange,
  type TransactionScanTools,
  transactionsProperty,
} from './transaction-scan.js';
import { Transactions } from './transactions.js';
import type { LearntEnd, Withheld } from './withheld-end.js';

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

/** A topic that was taken over, by whichever way of writing to it. */
interface Taken {
  readonly sender: LogSender;
  readonly leaderEpoch: number;
  readonly maxMessageBytes: number;
  /** The barrier, entry -1 where there was nothing to put it behind; and what is behind it. */
  readonly last: MessageId;
  readonly endOffset: number;
  /** What comes from now on is the log's. */
  start(): Promise<void>;
}

async function openOnce(options: PulsarLogOptions): Promise<PulsarLog> {
  await checkEnd(options.tools.admin, options.topic, options.knownEndOffset);
  const opening: Opening = { log: null, fault: null };
  const taken = await (isShared(options) ? takeShared : takeExclusive)(options, opening);
  return orClosed(taken.sender, async () => {
    const log = new PulsarLog(await learn(options, taken));
    opening.log = log;
    if (opening.fault !== null) throw opening.fault;
    if (log.takesAppends) await taken.start();
    return log;
  });
}

function isShared({ config }: Pick<PulsarLogOptions, 'config'>): boolean {
  return config.pulsarWriters === 'shared';
}

/** The log, once there is one; what ended its sender before. */
interface Opening {
  log: PulsarLog | null;
  fault: LogFault | null;
}

async function takeExclusive(options: PulsarLogOptions, opening: Opening): Promise<Taken> {
  const { tools, topic, clock } = options;
  const { lookup, admin, epochs } = tools;
  const { sender, writer } = await Sender.open(
    { topic, lookup, admin },
    {
      stored: (placed, ledgerId, entryId) => opening.log?.stored(placed, ledgerId, entryId),
      ...endings(options, opening),
    },
    clock(),
  );
  return orClosed(sender, async () => {
    const { endOffset, topicEpoch, maxMessageBytes, last } = writer;
    const sharedEpoch = await epochs.read(topic);
    const leaderEpoch = leaderEpochOf({ topicEpoch, sharedEpoch });
    const start = () => Promise.resolve();
    return { sender, leaderEpoch, maxMessageBytes, last, endOffset, start };
  });
}

async function takeShared(options: PulsarLogOptions, opening: Opening): Promise<Taken> {
  const { tools, topic, clock } = options;
  const { lookup, admin, epochs, codecs } = tools;
  const { sender, owner } = await SharedSender.open(
    { topic, lookup, admin, epochs, codecs, clock },
    {
      delivered: (...entry) => opening.log?.delivered(...entry),
      placed: (baseOffset, payload) => opening.log?.placed(baseOffset, payload),
      ...endings(options, opening),
    },
  );
  return orClosed(sender, async () => {
    const { last, endOffset } = (await owner.isFirst())
      ? { last: { ledgerId: -1, entryId: -1 }, endOffset: 0 }
      : barrierEnd(await owner.writeBarrier(clock()));
    const leaderEpoch = leaderEpochOf(owner);
    const maxMessageBytes = owner.maxMessageBytes - stampBytes;
    const start = () => sender.follow({ offset: endOffset, after: last });
    return { sender, leaderEpoch, maxMessageBytes, last, endOffset, start };
  });
}

async function orClosed<Result>(sender: LogSender, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    await sender.close().catch(() => undefined);
    throw error;
  }
}

function barrierEnd({ ledgerId, entryId, index }: Barrier) {
  return { last: { ledgerId, entryId }, endOffset: index + 1 };
}

function endings({ report }: PulsarLogOptions, opening: Opening) {
  return {
    ready: () => opening.log?.moved(),
    ended: (fault: LogFault) => {
      opening.fault = fault;
      opening.log?.failed(fault);
    },
    report: (level: LogNotice['level'], message: string, reason: string) =>
      report({ level, message, fields: { reason }, isCommon: true }),
  };
}

/** What there is in a topic that was taken over. */
async function learn(options: PulsarLogOptions, taken: Taken): Promise<OpenedTopic> {
  const { topic, tools } = options;
  const { lookup, admin, entry } = tools;
  const { sender, endOffset, leaderEpoch, maxMessageBytes, last } = taken;
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
  const virtualStart = Number(properties[logStartProperty] ?? 0);
  const { from, isCut } = scan ?? (await unknownFrom(replayTools, order, delivered.number, start));
  if (isCut) {
    const message =
      'no snapshot tells of the producers; those with nothing in the last entries are not known';
    options.report({ level: 'warn', message, fields: { topic, fromOffset: from.offset } });
  }
  const firstOffset = scan?.firstOffset ?? from.offset;
  const startOffset = Math.min(endOffset, Math.max(start.offset, virtualStart));
  const known = { order, endNumber, startOffset, endOffset, last };
  const range = { ...known, from, firstOffset, stored: properties[transactionsProperty] };
  const end = await learnEnd(options, replayTools, range, delivered);
  return {
    ...options,
    ...end,
    sender,
    isShared: isShared(options),
    positions,
    maxMessageBytes,
    leaderEpoch,
    // The barrier is this owner's.
    epochStartOffset: last.entryId < 0 ? endOffset : endOffset - 1,
    startOffset,
    needlessProperties: placesBefore(properties, leaderEpoch),
    withheld:
      delivered.withheld === null
        ? null
        : withheldEnd(options, taken, replayTools, range, delivered),
  };
}

/** Up to where a topic is to be known, and what of it is to be read. */
interface EndRange extends Omit<ScanRange, 'needsCommits' | 'lastDelivered'> {
  readonly last: MessageId;
  readonly from: Point;
  readonly firstOffset: number;
  /** Transactions that an earlier opening found. */
  readonly stored: string | undefined;
}

/** Reads producers and transactions up to the end, or to where Pulsar withholds it. */
async function learnEnd(
  options: PulsarLogOptions,
  tools: ReplayTools,
  range: EndRange,
  delivered: LastDelivered,
): Promise<LearntEnd & { readonly replayed: Replayed }> {
  const { from, firstOffset, stored, last } = range;
  const { number, withheld } = delivered;
  const replayed = await replay(tools, from, firstOffset, delivered.endOffset, options.visitor);
  const endOffset = withheld === null ? range.endOffset : withheld.offset;
  const endNumber = withheld === null ? range.endNumber : withheld.number;
  const found = { ...range, lastDelivered: number, endNumber, endOffset };
  const transactionsFound = await transactionsOf(options, tools, found, stored);
  if (withheld === null) tools.positions.saw(endOffset, last.ledgerId, last.entryId);
  const hole = { offset: delivered.endOffset, endOffset };
  return { endOffset, hole, replayed, transactionsFound };
}

/** The end of the transaction took an offset behind the barrier, of which who counts offsets knows nothing. */
const endedBehind = "Pulsar's own transaction has ended: the partition is opened anew";

/** What is left to learn once a transaction of Pulsar's own has ended. */
function withheldEnd(
  { report, ...options }: PulsarLogOptions,
  { last, start }: Taken,
  tools: ReplayTools,
  range: EndRange,
  { endOffset: knownOffset, withheld }: LastDelivered,
): Withheld {
  const { topic, admin, positions } = tools;
  const message = "a transaction of Pulsar's own is open: nothing is written until it ends";
  report({ level: 'warn', message, fields: { topic, fromOffset: withheld?.offset } });
  return {
    isOver: async () => !(await admin.entry(topic, last)).isWithheld,
    async learn() {
      if (!isShared(options)) throw new Error(endedBehind);
      const { order, endNumber, startOffset } = range;
      const delivered = await lastDelivered(tools, order, endNumber, startOffset);
      const firstOffset = Math.max(range.firstOffset, knownOffset);
      const from = await positions.locate(Math.min(firstOffset, delivered.endOffset));
      const end = { ...range, from, firstOffset };
      const learnt = await learnEnd({ report, ...options }, tools, end, delivered);
      await start();
      return learnt;
    },
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
  known: string | undefined,
): Promise<Transactions> {
  if (transactions === 'none') return new Transactions();
  const needsCommits = transactions === 'read-with-commits';
  return findTransactions(tools, { ...range, needsCommits }, needsCommits ? undefined : known);
}
