import { setTimeout as delay } from 'node:timers/promises';
import { ServerError } from '../../../engine/protocol/pulsar/commands.js';
import type { CountCopy } from '../../batch/rebuild.js';
import { type LogConfig, LogFault, type LogNotice, type ReplayVisitor } from '../log.js';
import { ConnectionLost, PulsarError } from './errors.js';
import { EntryOrder, findStart, Positions } from './positions.js';
import { logStartProperty, PulsarLog } from './pulsar-log.js';
import { lastDelivered, replay } from './replay.js';
import { Sender } from './sender.js';
import type { ThreadTools } from './thread-tools.js';

/** Openings in a row, before somebody else decides whether to try again. */
const maxTries = 4;
const firstWaitMs = 50;

export interface PulsarLogOptions {
  readonly tools: ThreadTools;
  /** `persistent://…` of the partition; it exists. */
  readonly topic: string;
  readonly config: LogConfig;
  /** Ms since the epoch. */
  readonly clock: () => number;
  readonly visitor: ReplayVisitor;
  report(notice: LogNotice): void;
  /** Payload bytes were made or copied. */
  readonly copied: CountCopy;
  /** An end that readers have seen: a topic that ends before it is another one, or has lost what they have read. */
  readonly knownEndOffset: number;
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
  const { lookup, admin, entry } = tools;
  const log: { opened: PulsarLog | null } = { opened: null };
  const report = (level: LogNotice['level'], message: string, reason: string) =>
    options.report({ level, message, fields: { topic, reason } });
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
    const { endOffset, topicEpoch, maxMessageBytes, last } = writer;
    if (endOffset < options.knownEndOffset) {
      const message = `${topic} ends at ${endOffset}, and readers have seen ${options.knownEndOffset}: it was made anew, or has lost data`;
      throw new LogFault('corrupt', message);
    }
    const { ledgers } = await admin.ledgers(topic);
    const [start, virtualStart] = await Promise.all([
      findStart(admin, topic, ledgers, endOffset),
      admin.property(topic, logStartProperty),
    ]);
    const positions = new Positions(admin, topic, start);
    const order = new EntryOrder(ledgers);
    // The barrier is not among what is looked for.
    const endNumber = Math.max(0, order.numberOf(last));
    const replayTools = { topic, lookup, admin, positions, entry };
    const delivered = await lastDelivered(replayTools, order, endNumber, start.offset);
    const { number, endOffset: lastOffset } = delivered;
    await replay(replayTools, order, number, start, lastOffset, options.visitor);
    positions.saw(endOffset, last.ledgerId, last.entryId);
    log.opened = new PulsarLog({
      ...options,
      sender,
      positions,
      maxMessageBytes,
      // Records of owners before the first one that Kopje knows of have an epoch, too.
      leaderEpoch: topicEpoch + 1,
      // The barrier is this owner's.
      epochStartOffset: last.entryId < 0 ? endOffset : endOffset - 1,
      startOffset: Math.min(endOffset, Math.max(start.offset, Number(virtualStart ?? 0))),
      endOffset,
      hole: { offset: delivered.endOffset, endOffset },
    });
    return log.opened;
  } catch (error) {
    await sender.close().catch(() => undefined);
    throw error;
  }
}
