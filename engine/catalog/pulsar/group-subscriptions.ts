import type { Logger } from 'pino';
import type { EntryPlace } from '../../../workers/ring/control.js';
import type { PartitionRef } from '../../route/partition-port.js';
import type { CommitListener } from '../catalog.js';
import { inParallel } from '../in-parallel.js';
import type { ServedPartition } from './served-topics.js';
import type { SubscriptionAdmin, TopicSubscription } from './subscription-admin.js';

/** So often, at most, a subscription is moved. */
const intervalMs = 1_000;
/** Offsets that wait to be shown; further ones are, when they are committed again. */
const maxWaiting = 100_000;
/** Topics that are dealt with at once. */
const inFlightMax = 8;
/** Whether a topic's policies allow it is asked again after this time. */
const policyMs = 30_000;
/** Times that a failed one is tried, once a second; then it waits for the next commit. */
const maxTries = 10;
/** Told so often at most, however much fails. */
const reportMs = 60_000;

/** Of a subscription that is a group's: others are never touched. */
export const groupProperties = { 'kopje.group': 'true' } as const;

/** When committed offsets are shown. */
export type GroupSubscriptionMode = 'auto' | 'true' | 'false';

export interface GroupSubscriptionsOptions {
  readonly mode: GroupSubscriptionMode;
  readonly admin: SubscriptionAdmin;
  /** Undefined where there is none, or none that is online. */
  partition(topic: string, partition: number): ServedPartition | undefined;
  placeOf(ref: PartitionRef, offset: number): Promise<EntryPlace | null>;
  clock(): number;
  readonly log: Logger;
}

/** What a group has come to in a partition; offset -1: it has none there any more. */
interface Shown {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly tries: number;
}

/**
 * Shows the committed offsets of groups as positions of Pulsar subscriptions of their names. A commit costs an entry in
 * a table, which is emptied once a second; what fails is tried again a few times.
 */
export class GroupSubscriptions implements CommitListener {
  readonly #options: GroupSubscriptionsOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting = new Map<string, Shown>();
  #running: Promise<void> | null = null;
  #closed = false;
  /** By topic: whether its policies allow it, and until when that is believed. */
  readonly #allowed = new Map<string, { readonly isAllowed: boolean; readonly untilMs: number }>();
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor(options: GroupSubscriptionsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.show(), intervalMs);
    this.#timer.unref();
  }

  committed(groupId: string, topic: string, partition: number, offset: number): void {
    this.#note({ groupId, topic, partition, offset, tries: 0 });
  }

  removed(groupId: string, topic: string, partition: number): void {
    this.#note({ groupId, topic, partition, offset: -1, tries: 0 });
  }

  /** Shows what waits; called on a timer. One after the other: a cluster that is slow is asked less. */
  show(): Promise<void> {
    this.#running ??= this.#showAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#waiting.clear();
    await this.#running;
  }

  #note(shown: Shown): void {
    if (this.#closed || this.#options.mode === 'false') return;
    const key = keyOf(shown);
    if (this.#waiting.size < maxWaiting || this.#waiting.has(key)) this.#waiting.set(key, shown);
  }

  async #showAll(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const byTopic = new Map<string, [ServedPartition, Shown[]]>();
    for (const shown of waiting.values()) {
      const at = this.#options.partition(shown.topic, shown.partition);
      if (at === undefined) continue;
      const known = byTopic.get(at.pulsarTopic);
      if (known === undefined) byTopic.set(at.pulsarTopic, [at, [shown]]);
      else known[1].push(shown);
    }
    await inParallel([...byTopic.values()], inFlightMax, async ([at, groups]) => {
      if (this.#closed) return;
      try {
        await this.#showTopic(at, groups);
      } catch (error) {
        for (const shown of groups) this.#failed(error, shown);
      }
    });
  }

  async #showTopic(at: ServedPartition, groups: readonly Shown[]): Promise<void> {
    const { mode, admin } = this.#options;
    const isWanted = mode === 'true' || at.config.entryFormat === 'pulsar';
    const isShown = isWanted && (await this.#isAllowed(at.parent));
    const there = await admin.subscriptions(at.pulsarTopic);
    for (const shown of groups) {
      if (this.#closed) return;
      try {
        await this.#showOne(at, shown, isShown, there.get(shown.groupId));
      } catch (error) {
        this.#failed(error, shown);
      }
    }
  }

  async #showOne(
    { ref, pulsarTopic }: ServedPartition,
    { groupId, offset }: Shown,
    isShown: boolean,
    there: TopicSubscription | undefined,
  ): Promise<void> {
    const { admin, placeOf } = this.#options;
    // Somebody else's, or somebody reads with it.
    if (there !== undefined && !(there.isOurs && there.consumers === 0)) return;
    if (!isShown || offset < 0) {
      if (there !== undefined) await admin.remove(pulsarTopic, groupId);
      return;
    }
    const place = await placeOf(ref, offset);
    if (place === null) return;
    if (there === undefined) await admin.create(pulsarTopic, groupId, place);
    else await admin.move(pulsarTopic, groupId, place);
  }

  /** A subscription holds data that a finite retention would let go, and fills a backlog quota. */
  async #isAllowed(parent: string): Promise<boolean> {
    const { admin, clock } = this.#options;
    const known = this.#allowed.get(parent);
    if (known !== undefined && clock() < known.untilMs) return known.isAllowed;
    const isAllowed = await admin.keepsForEver(parent);
    if (this.#allowed.size >= maxWaiting) this.#allowed.clear();
    this.#allowed.set(parent, { isAllowed, untilMs: clock() + policyMs });
    return isAllowed;
  }

  #failed(error: unknown, shown: Shown): void {
    const key = keyOf(shown);
    // What was committed meanwhile counts.
    if (shown.tries + 1 < maxTries && !this.#waiting.has(key)) {
      this.#note({ ...shown, tries: shown.tries + 1 });
    }
    const nowMs = this.#options.clock();
    if (this.#closed || nowMs - this.#reportedMs < reportMs) return;
    this.#reportedMs = nowMs;
    const { groupId, topic } = shown;
    const fields = { err: error, topic, groupId };
    this.#options.log.warn(fields, 'a committed offset does not show as a Pulsar subscription');
  }
}

function keyOf({ groupId, topic, partition }: Shown): string {
  return `${partition}/${topic}/${groupId}`;
}
