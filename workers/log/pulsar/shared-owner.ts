import { setTimeout as delay } from 'node:timers/promises';
import {
  AccessMode,
  type MessageId,
  ServerError,
} from '../../../engine/protocol/pulsar/commands.js';
import type { TopicAdmin } from './admin.js';
import { barrierEntry } from './barrier.js';
import { epochProperty, type SharedEpochs } from './epoch-counters.js';
import { PulsarError } from './errors.js';
import type { Lookup } from './lookup.js';
import { type OutgoingEntry, PulsarProducer, type SendEvents } from './producer.js';

/** Who has the producer of this name owns the topic: there is one of a name. */
export const ownerName = 'kopje-owner';

/** Somebody has the name and keeps it. A dead one loses it within 5 s, in which the broker asks its connection. */
const patienceMs = 8_000;
/** The same of one that comes back, which is tried again, and looks in between whether it was replaced. */
const comeBackPatienceMs = 1_000;
const firstWaitMs = 20;
const maxWaitMs = 500;
/** For the receipt of a barrier. A broker that gives a topic away says nothing for as long as its keep-alive. */
const barrierTimeoutMs = 30_000;

export interface SharedOwnerOptions {
  readonly topic: string;
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
  readonly epochs: SharedEpochs;
}

/** How often a topic was taken over, in each of the modes. */
export interface OwnerEpochs {
  /** -1: never. */
  readonly topicEpoch: number;
  readonly sharedEpoch: number;
}

/** The partition's leader epoch: it rises with every opening, whatever the modes. */
export function leaderEpochOf({ topicEpoch, sharedEpoch }: OwnerEpochs): number {
  return topicEpoch + 1 + sharedEpoch;
}

/** An entry that was written to learn where the end is. */
export interface Barrier extends MessageId {
  readonly index: number;
}

/** The one of Kopje's that writes to a topic, to which others write as well. */
export class SharedOwner implements OwnerEpochs {
  topicEpoch = -1;
  sharedEpoch = 0;
  readonly #options: SharedOwnerOptions;
  readonly #events: SendEvents;
  #producer: PulsarProducer | null = null;
  #maxMessageBytes = 0;
  #barrier: { entry: OutgoingEntry; stored(id: MessageId): void } | null = null;
  #reason: Error | null = null;
  #failBarrier: (reason: Error) => void = () => undefined;

  private constructor(options: SharedOwnerOptions, events: SendEvents) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * Takes the topic over. Whoever has it and lives is evicted after some patience, and then those who are not Kopje's
   * have to connect again. Rejects with PulsarError, ConnectionLost, AdminError.
   */
  static async takeOver(options: SharedOwnerOptions, events: SendEvents): Promise<SharedOwner> {
    const owner = new SharedOwner(options, events);
    try {
      await owner.#takeName(patienceMs);
    } catch (error) {
      if (!isTaken(error)) throw error;
      await owner.#evict();
      await owner.#takeName(patienceMs);
    }
    // Not before the name: whoever has it last has the highest.
    return owner.#settled(async () => {
      owner.sharedEpoch = await options.epochs.raise(options.topic);
    });
  }

  /**
   * Comes back as the same owner. Rejects with PulsarError (ProducerFenced: there was another one), ConnectionLost,
   * AdminError.
   */
  static async comeBack(
    options: SharedOwnerOptions,
    events: SendEvents,
    epochs: OwnerEpochs,
  ): Promise<SharedOwner> {
    const owner = new SharedOwner(options, events);
    // One that has the topic for itself would keep it, and the name with it.
    const epoch = await options.admin.property(options.topic, epochProperty);
    owner.#check(epochs, epoch === null ? -1 : Number(epoch), epochs.sharedEpoch);
    await owner.#takeName(comeBackPatienceMs);
    return owner.#settled(async () => {
      // Behind the name: who comes between now has to take that from this one.
      owner.sharedEpoch = await options.epochs.read(options.topic);
      owner.#check(epochs, owner.topicEpoch, owner.sharedEpoch);
    });
  }

  get isOpen(): boolean {
    return this.#producer !== null && this.#reason === null;
  }

  /** Most bytes of metadata and payload that the broker takes. */
  get maxMessageBytes(): number {
    return this.#maxMessageBytes;
  }

  /** No owner was before, and no entry ever. Whoever writes meanwhile is not Kopje's. */
  async isFirst(): Promise<boolean> {
    if (this.topicEpoch >= 0 || this.sharedEpoch > 1) return false;
    const { admin, topic } = this.#options;
    const [{ last }, index] = await Promise.all([admin.ledgers(topic), admin.ledgerIndex(topic)]);
    return last.entryId < 0 && index < 0;
  }

  /** False if the entry has to wait for a receipt of an earlier one, or the owner has ended. */
  send(entry: OutgoingEntry): boolean {
    return this.#producer?.send(entry) ?? false;
  }

  /** Writes an entry that no reader is sent, behind all that any earlier owner, or this one, has sent. */
  async writeBarrier(nowMs: number): Promise<Barrier> {
    const { topic, admin } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const stored = new Promise<MessageId>((resolve, reject) => {
      const entry = barrierEntry(nowMs);
      this.#barrier = { entry, stored: resolve };
      this.#failBarrier = reject;
      const late = () => reject(new Error(`${topic}: no receipt within ${barrierTimeoutMs} ms`));
      timer = setTimeout(late, barrierTimeoutMs);
      if (this.#reason !== null) reject(this.#reason);
      else this.#producer?.sendFirst(entry);
    });
    try {
      const id = await stored;
      return { ...id, index: (await admin.entry(topic, id)).index };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when no entry is borrowed any more; not before the owner has ended. */
  async drained(): Promise<void> {
    await this.#producer?.drained();
  }

  /** Gives the topic up; what has no receipt is in doubt. */
  async close(): Promise<void> {
    await this.#producer?.close();
  }

  #check(known: OwnerEpochs, topicEpoch: number, sharedEpoch: number): void {
    if (topicEpoch === known.topicEpoch && sharedEpoch === known.sharedEpoch) return;
    const message = `${this.#options.topic} had another owner meanwhile`;
    throw new PulsarError(ServerError.ProducerFenced, message);
  }

  async #takeName(patienceMs: number): Promise<void> {
    const { topic, lookup } = this.#options;
    const giveUpMs = performance.now() + patienceMs;
    const options = { topic, accessMode: AccessMode.shared, topicEpoch: null, name: ownerName };
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(maxWaitMs, 2 * waitMs)) {
      const connection = await lookup.connectionFor(topic, 'write');
      try {
        this.#producer = await PulsarProducer.open(connection, options, this.#sends());
        this.topicEpoch = this.#producer.topicEpoch;
        this.#maxMessageBytes = connection.maxMessageBytes;
        return;
      } catch (error) {
        if (!isTaken(error) || performance.now() >= giveUpMs) throw error;
      }
      await delay(waitMs, undefined, { ref: false });
    }
  }

  #sends(): SendEvents {
    return {
      acknowledged: (entry, ledgerId, entryId) => {
        if (entry === this.#barrier?.entry) this.#barrier.stored({ ledgerId, entryId });
        else this.#events.acknowledged(entry, ledgerId, entryId);
      },
      ended: (reason, inDoubt) => {
        this.#reason = reason;
        this.#failBarrier(reason);
        this.#events.ended(reason, inDoubt);
      },
      room: () => this.#events.room?.(),
    };
  }

  /** Every producer of the topic is shut out. */
  async #evict(): Promise<void> {
    const { topic, lookup } = this.#options;
    const connection = await lookup.connectionFor(topic, 'write');
    const accessMode = AccessMode.exclusiveWithFencing;
    const options = { topic, accessMode, topicEpoch: null };
    const producer = await PulsarProducer.open(connection, options, {
      acknowledged: () => undefined,
      ended: () => undefined,
    });
    await producer.close();
  }

  async #settled(step: () => Promise<void>): Promise<this> {
    try {
      await step();
      if (this.#reason !== null) throw this.#reason;
      return this;
    } catch (error) {
      await this.close().catch(() => undefined);
      throw error;
    }
  }
}

/** Another producer has the name, or has the topic for itself. */
function isTaken(error: unknown): boolean {
  return error instanceof PulsarError && error.code === ServerError.ProducerBusy;
}
