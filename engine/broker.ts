import type { Logger } from 'pino';
import { loadFileSender } from '../native/index.js';
import { type PoolOptions, WorkerPool } from '../workers/pool/pool.js';
import type { WorkerNotice } from '../workers/ring/control.js';
import type { Services } from './api/services.js';
import type { Catalog } from './catalog/catalog.js';
import { openStorage, type RecordStorage, type Storage } from './catalog/storage.js';
import type { Lease } from './cluster/lease.js';
import type { Address } from './config/listener.js';
import type { Settings } from './config/schema.js';
import type { GroupCoordinator } from './coordinators/group/coordinator.js';
import { RequestMeter } from './frame/request-meter.js';
import type { HttpServer } from './http/http-server.js';
import type { Observed } from './http/metric.js';
import type { ConnectionLimits } from './listen/connection.js';
import { LandingSlab } from './listen/landing-slab.js';
import { advertisedBy, type BoundListener, Listeners } from './listen/listeners.js';
import { RefusalLog } from './listen/refusal-log.js';
import { ApiKey } from './protocol/kafka/api-keys.js';
import { SegmentFiles } from './reply/segment-files.js';
import { Partitions } from './route/partitions.js';
import { FetchSessions } from './wait/fetch-session.js';
import { WaitingFetches } from './wait/waiting-fetches.js';

/** Largest share of the time to close that requests in flight get; the rest is for flushing. */
const drainShare = 0.5;

/** What is needed once the data directory is locked: loaded while that waits for its disk. */
export async function loadFront() {
  const [{ GroupCoordinator }, { apis }] = await Promise.all([
    import('./coordinators/group/coordinator.js'),
    import('./api/served.js'),
  ]);
  return { GroupCoordinator, apis };
}

/** A running broker. */
export interface Broker {
  readonly listeners: readonly BoundListener[];
  /** Where health and metrics are; null if they are off. */
  readonly httpAddress: Address | null;
  /** Stops accepting, answers what is in flight, flushes and closes; within `timeoutMs`. Once, however often called. */
  close(timeoutMs: number): Promise<void>;
  /** Resolves with the reason if the broker can no longer serve. */
  readonly failed: Promise<Error>;
}

export interface StartOptions {
  /** Where the embedded log is; what it knows of topics is in the data directory in either case. */
  readonly records?: RecordStorage;
  /** Gives up a start that waits for its turn, or for a Pulsar cluster. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a broker; resolves when every listener answers. Throws DirectoryLocked, PulsarRefused, ListenError,
 * StartGivenUp, Error.
 */
export async function startBroker(
  settings: Settings,
  log: Logger,
  { records = 'disk', signal = new AbortController().signal }: StartOptions = {},
): Promise<Broker> {
  const front = loadFront();
  // It is waited for below, unless the storage cannot be had.
  front.catch(() => {});
  const storage = await openStorage(settings, log, records);
  const assembly = new Assembly(settings, log, storage);
  try {
    return await assembly.start(front, signal);
  } catch (error) {
    await assembly.abandon();
    throw error;
  }
}

/** The parts of a broker, in the order in which they depend on each other. */
class Assembly implements Broker {
  listeners: readonly BoundListener[] = [];
  readonly failed: Promise<Error>;
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #storage: Storage;
  readonly #slab: LandingSlab;
  readonly #pool: WorkerPool;
  readonly #partitions: Partitions;
  readonly #waits: WaitingFetches;
  readonly #front: Listeners;
  readonly #files: SegmentFiles | null;
  readonly #sessions: FetchSessions;
  readonly #meter: RequestMeter | null;
  #http: HttpServer | null = null;
  #catalog: Catalog | null = null;
  #closing: Promise<void> | null = null;
  #groups: GroupCoordinator | null = null;
  /** Null until it is this node's turn, and where there is no other node. */
  #lease: Lease | null = null;
  #fail: (reason: Error) => void = () => {};

  constructor(settings: Settings, log: Logger, storage: Storage) {
    this.#settings = settings;
    this.#log = log;
    this.#storage = storage;
    this.#slab = new LandingSlab(settings.landingBytes, settings.smallFrameBytes);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#pool = new WorkerPool(this.#poolOptions(), {
      down: (worker, reason) => this.#workerDown(worker, reason),
      up: (worker) => this.#workerUp(worker),
      notice: (worker, notice) => this.#notice(worker, notice),
      wake: (slot) => this.#waits.wake(slot),
      exhausted: (worker, reason) =>
        this.#fail(new Error(`partition thread ${worker} dies again and again`, { cause: reason })),
    });
    const isOurTurn = () => this.#lease === null || this.#lease.isHeld;
    this.#partitions = new Partitions(this.#pool, settings.workers, this.#slab, log, isOurTurn);
    this.#waits = new WaitingFetches(this.#partitions);
    this.#sessions = new FetchSessions(settings.maxIncrementalFetchSessionCacheSlots);
    const sender = loadFileSender();
    this.#meter =
      settings.httpListener === null ? null : new RequestMeter(Math.max(...Object.values(ApiKey)));
    this.#front = new Listeners({
      slab: this.#slab,
      limits: limitsOf(settings),
      maxConnections: settings.maxConnections,
      sender,
      meter: this.#meter,
      mayAnswer: isOurTurn,
    });
    const { segments } = storage;
    this.#files =
      sender === null || segments === null ? null : new SegmentFiles(segments, Date.now);
  }

  get httpAddress(): Address | null {
    return this.#http?.address ?? null;
  }

  /**
   * Resolves when it listens: as soon as what is stored is open, which takes partition threads only if there are
   * partitions.
   */
  async start(front: ReturnType<typeof loadFront>, signal: AbortSignal): Promise<Broker> {
    // Whoever needs a thread waits for it; one that does not come up is replaced like one that died later.
    this.#pool.start().catch(() => {});
    await this.#startHttp();
    this.#lease = await this.#storage.waitForTurn(signal);
    this.#lease?.listen({
      suspended: () => this.#front.suspend(),
      resumed: () => this.#resume(),
      lost: this.#fail,
    });
    const [{ GroupCoordinator, apis }] = await Promise.all([front, this.#storage.load()]);
    const settings = this.#settings;
    const catalog = await this.#storage.openCatalog(this.#partitions, this.#fail, signal);
    this.#catalog = catalog;
    const groups = new GroupCoordinator({
      settings,
      partitions: this.#partitions,
      topics: catalog,
      commits: catalog.commits,
      now: Date.now,
      steadyMs: () => performance.now(),
      log: this.#log,
    });
    this.#groups = groups;
    this.#partitions.listen({
      online: (ref) => {
        this.#waits.wake(ref.slot);
        groups.onPartitionOnline(ref);
      },
      offline: (ref) => {
        this.#waits.wake(ref.slot);
        groups.onPartitionOffline(ref);
      },
    });
    catalog.on({
      created: (topic) => groups.onTopicCreated(topic),
      deleted: (topic) => groups.onTopicDeleted(topic.name),
    });
    await groups.start();
    this.listeners = await this.#front.bind(
      settings.kafkaListeners,
      settings.kafkaAdvertisedListeners,
    );
    this.#front.accept(this.#services(catalog, groups, apis));
    return this;
  }

  #resume(): void {
    this.#partitions.reopenAll();
    if (this.#closing === null) this.#front.resume().catch(this.#fail);
  }

  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const closing = this.#front.close(timeoutMs * drainShare);
    this.#waits.expireAll();
    this.#groups?.retire();
    await closing;
    await this.#groups?.close();
    await this.#closeStorage(true);
  }

  /** The start failed: gives back what was taken, so that the next one finds it free. */
  async abandon(): Promise<void> {
    await this.#front.close(0);
    await this.#groups?.close();
    await this.#closeStorage(false);
  }

  /** First, so that a long recovery can be watched; loaded only if it is asked for. */
  async #startHttp(): Promise<void> {
    const { httpListener } = this.#settings;
    if (httpListener === null || this.#meter === null) return;
    const { HttpServer } = await import('./http/http-server.js');
    this.#http = await HttpServer.listen(httpListener, this.#observed(this.#meter));
  }

  #observed(meter: RequestMeter): Observed {
    const assembly = this;
    return {
      meter,
      front: this.#front,
      slab: this.#slab,
      pool: this.#pool,
      waits: this.#waits,
      sessions: this.#sessions,
      get catalog() {
        return assembly.#catalog;
      },
      get listeners() {
        return assembly.listeners;
      },
      get waitsFor() {
        return assembly.#storage.waitsFor ?? assembly.#lease?.trouble ?? null;
      },
      get groups() {
        return assembly.#groups;
      },
    };
  }

  /** On a full disk a stop cannot write all it wants to; nothing acknowledged depends on it. */
  async #saved(closing: Promise<void> | undefined): Promise<boolean> {
    try {
      await closing;
      return true;
    } catch (error) {
      this.#log.error({ err: error }, 'not all was saved: the next start recovers the logs');
      return false;
    }
  }

  async #closeStorage(started: boolean): Promise<void> {
    // Asked before the threads stop: what is offline now was not closed properly.
    const clean = started && (this.#catalog?.isWhole ?? false);
    this.#files?.close();
    this.#partitions.stop();
    const stopped = await this.#pool.close();
    const saved = await this.#saved(this.#catalog?.close());
    await this.#saved(this.#storage.close(clean && stopped && saved));
    await this.#http?.close();
  }

  #services(catalog: Catalog, groups: GroupCoordinator, apis: Services['apis']): Services {
    return {
      settings: this.#settings,
      log: this.#log,
      now: Date.now,
      catalog,
      partitions: this.#partitions,
      rings: this.#partitions,
      waits: this.#waits,
      sessions: this.#sessions,
      refusals: new RefusalLog(this.#log),
      files: this.#files,
      groups,
      producerIds: catalog.producerIds,
      apis,
      advertised: advertisedBy(this.listeners),
    };
  }

  #poolOptions(): PoolOptions {
    const settings = this.#settings;
    return {
      workers: settings.workers,
      ringSlots: settings.ringSlots,
      replyBytesPerWorker: settings.replyBytesPerWorker,
      maxPartitions: settings.maxPartitions,
      landing: this.#slab.memory,
      settings: {
        ...this.#storage.workers,
        durability: settings.durability,
        validateRecords: settings.validateRecords,
        producerIdExpirationMs: settings.producerIdExpirationMs,
        maxInflatedBytes: settings.maxInflatedBytes,
      },
    };
  }

  #workerDown(worker: number, reason: unknown): void {
    const message =
      this.#storage.workers.storage === 'disk'
        ? 'a partition thread died; it is replaced'
        : 'a partition thread died with the records that it had in memory: its partitions stay offline';
    this.#log.error({ err: reason, worker }, message);
    this.#partitions.workerDown(worker);
  }

  #workerUp(worker: number): void {
    if (this.#storage.workers.storage === 'disk') this.#partitions.workerUp(worker);
    else this.#partitions.workerLost(worker);
  }

  #notice(worker: number, notice: WorkerNotice): void {
    if (notice.kind === 'common') {
      const { level, fields, message } = notice;
      this.#partitions.notices.tell(level, { ...fields, worker }, message);
    } else if (notice.kind === 'notice') {
      this.#log[notice.level]({ worker, ...notice.fields }, notice.message);
    } else if (notice.kind === 'offline') {
      this.#partitions.offline(notice);
    }
  }
}

function limitsOf(settings: Settings): ConnectionLimits {
  return {
    maxRequestBytes: settings.socketRequestMaxBytes,
    sendBufferBytes: settings.socketSendBufferBytes,
    maxQueuedRequests: settings.maxQueuedRequests,
    maxReplyBytesPerConnection: settings.maxReplyBytesPerConnection,
    requestTimeoutMs: settings.requestTimeoutMs,
    connectionMaxIdleMs: settings.connectionMaxIdleMs,
  };
}
