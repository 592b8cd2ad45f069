import { createRequire } from 'node:module';
import type { Database, RootDatabase } from 'lmdb';
import { createLmdbFile } from './lmdb-birth.js';
import { checkLmdbFile, makeRoomForLmdb } from './lmdb-file.js';
import { LmdbRoom } from './lmdb-room.js';
import { isStoreFault, MetadataStoreError } from './store-fault.js';

/** As one file, beside which its twenty ES modules cost a start a tenth of its CPU (measured). */
const { open } = createRequire(import.meta.url)('lmdb') as typeof import('lmdb');

/** A topic as it is kept. */
export interface TopicRow {
  /** base64url. */
  readonly id: string;
  readonly partitions: number;
  /** Configs of its own, by Kafka's names. */
  readonly overrides: Readonly<Record<string, string>>;
}

/** A topic whose deletion was answered; the row stays until its directories are gone. */
export interface RemovalRow {
  readonly name: string;
  readonly partitions: number;
}

/** What a namespace says of its topics, by the names of Kafka's topic configs. */
export type NamespacePolicyRow = Readonly<Record<string, string>>;

const nextProducerIdKey = 'nextProducerId';
const formatKey = 'format';
/** Of the rows below; a newer one is refused instead of misread. */
const formatVersion = 1;
/** Address space, not memory or disk. */
const mapSizeBytes = 1024 ** 3;
/** What a change of one row adds to the file beside the row: its leaf, copied, and one more if that is split. */
const changeBytes = 8_192;

/**
 * The metadata that outlives the process, in LMDB with msgpackr's encoding. A write is resolved
 * once it is durable. Opened by the main thread only.
 */
export class CatalogStore {
  readonly #path: string;
  readonly #failed: (fault: MetadataStoreError) => void;
  readonly #root: RootDatabase;
  readonly #room: LmdbRoom;
  readonly #topics: Database<TopicRow, string>;
  readonly #removals: Database<RemovalRow, string>;
  readonly #policies: Database<NamespacePolicyRow, string>;
  readonly #values: Database<number, string>;
  /** Set once: nothing is written after it, because a later commit might seem to have worked. */
  #fault: MetadataStoreError | null = null;

  private constructor(
    path: string,
    root: RootDatabase,
    failed: (fault: MetadataStoreError) => void,
  ) {
    this.#path = path;
    this.#failed = failed;
    this.#root = root;
    this.#room = new LmdbRoom(path, () => pagesEnd(root));
    this.#topics = root.openDB<TopicRow, string>({ name: 'topics' });
    this.#removals = root.openDB<RemovalRow, string>({ name: 'removals' });
    this.#policies = root.openDB<NamespacePolicyRow, string>({ name: 'policies' });
    this.#values = root.openDB<number, string>({ name: 'values' });
  }

  /**
   * Throws if the file is damaged, a newer version wrote it, or there is no room for it. `failed` is told, once, that
   * it can be written no more. One that is not `kept` is of this process alone, and no start will ever find half of it.
   */
  static async open(
    path: string,
    failed: (fault: MetadataStoreError) => void = () => {},
    kept = true,
  ): Promise<CatalogStore> {
    await checkLmdbFile(path);
    await makeRoomForLmdb(path);
    // Memory that LMDB gives back here is zeroed when it takes it again: 2 MiB for each broker of a process (measured).
    if (kept) await createLmdbFile(path, openRoot);
    const root = openRoot(path);
    try {
      const store = new CatalogStore(path, root, failed);
      const format = store.#values.get(formatKey) ?? formatVersion;
      if (format <= formatVersion) return store;
      throw new Error(`${path}: format ${format} is newer than ${formatVersion}, known here`);
    } catch (error) {
      await root.close();
      throw error;
    }
  }

  /** True until `initialize`: no topic was ever decided on here. */
  get fresh(): boolean {
    return this.#values.get(formatKey) === undefined;
  }

  /**
   * Makes a fresh store one that decides, with the topics that were there before it, all at once.
   */
  initialize(rows: Iterable<[name: string, row: TopicRow]>, nextProducerId: number): Promise<void> {
    const all = [...rows];
    const rowsBytes = all.reduce((sum, [, row]) => sum + sizeOf(row), 0);
    return this.#durably(rowsBytes, () => {
      for (const [name, row] of all) this.#topics.put(name, row);
      this.#values.put(nextProducerIdKey, nextProducerId);
      this.#values.put(formatKey, formatVersion);
    });
  }

  *topics(): Iterable<[name: string, row: TopicRow]> {
    for (const { key, value } of this.#topics.getRange({ snapshot: true })) yield [key, value];
  }

  *removals(): Iterable<[id: string, row: RemovalRow]> {
    for (const { key, value } of this.#removals.getRange({ snapshot: true })) yield [key, value];
  }

  putTopic(name: string, row: TopicRow): Promise<void> {
    return this.#durably(sizeOf(row), () => this.#topics.put(name, row));
  }

  /** From here on the topic is gone, whatever is left of its directories. */
  removeTopic(name: string, row: TopicRow): Promise<void> {
    return this.#durably(2 * changeBytes, () => {
      this.#topics.remove(name);
      this.#removals.put(row.id, { name, partitions: row.partitions });
    });
  }

  /** Nothing is left of a deleted topic. */
  forgetRemoval(id: string): Promise<void> {
    return this.#durably(changeBytes, () => this.#removals.remove(id));
  }

  policy(namespace: string): NamespacePolicyRow | undefined {
    return this.#policies.get(namespace);
  }

  putPolicy(namespace: string, row: NamespacePolicyRow): Promise<void> {
    const sizeBytes = changeBytes + 2 * JSON.stringify(row).length;
    return this.#durably(sizeBytes, () => this.#policies.put(namespace, row));
  }

  /** First producer id that no block covers yet. */
  nextProducerId(): number {
    return this.#values.get(nextProducerIdKey) ?? 0;
  }

  putNextProducerId(producerId: number): Promise<void> {
    return this.#durably(changeBytes, () => this.#values.put(nextProducerIdKey, producerId));
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  /** A resolved transaction is visible; `flushed` says that it is on disk, whatever the options. */
  async #durably(sizeBytes: number, write: () => unknown): Promise<void> {
    if (this.#fault !== null) throw this.#fault;
    try {
      await this.#room.with(sizeBytes, async () => {
        await this.#root.transaction(() => {
          write();
        });
        await this.#root.flushed;
      });
    } catch (error) {
      const cause = await causeOf(error as CommitFailure);
      if (isStoreFault(cause)) this.#giveUp(cause);
      throw cause;
    }
  }

  #giveUp(cause: Error): void {
    if (this.#fault !== null) return;
    const message = `the metadata store ${this.#path} cannot be written: ${cause.message}`;
    this.#fault = new MetadataStoreError(message, { cause });
    this.#failed(this.#fault);
  }
}

/** Where the pages of a database end in its file. */
function pagesEnd(root: RootDatabase): number {
  const { lastPageNumber, pageSize } = root.getStats() as Record<string, number>;
  return (lastPageNumber! + 1) * pageSize!;
}

/** Bytes that a row may add to the file. */
function sizeOf(row: TopicRow): number {
  return changeBytes + 2 * JSON.stringify(row).length;
}

function openRoot(path: string): RootDatabase {
  return open({
    path,
    noSubdir: true,
    maxDbs: 16,
    mapSize: mapSizeBytes,
    // Tried on a full disk: with the first, lmdb drops a promise that a failed commit rejects, and
    // Node exits; with the second, commits beside a failed one are never called flushed.
    eventTurnBatching: false,
    overlappingSync: false,
  });
}

/** What lmdb rejects a failed commit with. */
interface CommitFailure extends Error {
  /** Rejects with the reason; nobody else waits for it, and an unhandled rejection ends the process. */
  readonly commitError?: Promise<never>;
}

async function causeOf(failure: CommitFailure): Promise<Error> {
  return failure.commitError?.catch((reason: Error) => reason) ?? failure;
}
