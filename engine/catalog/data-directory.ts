import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { type OffsetsByPartition, readCheckpoint } from './checkpoint-file.js';
import { DirectoryLock, DirectoryLocked } from './directory-lock.js';
import { makeDirectories, removeFile, replaceFile, syncDirectory } from './durable-file.js';
import { type MetaProperties, readMetaProperties, writeMetaProperties } from './meta-properties.js';
import { isOutOfSpace } from './store-fault.js';
import { randomTopicId } from './topic-id.js';

const cleanShutdownFile = '.kafka_cleanshutdown';
export const recoveryPointFile = 'recovery-point-offset-checkpoint';
export const logStartFile = 'log-start-offset-checkpoint';
/**
 * LMDB's file; a file and no directory, so that Kafka overlooks it should it get the directory
 * back.
 */
export const catalogFile = 'kopje-catalog.mdb';

export interface DataDirectoryOptions {
  readonly path: string;
  /** Null: as stored, or 1 in a new directory. */
  readonly nodeId: number | null;
  /** Empty: as stored, or made up in a new directory. */
  readonly clusterId: string;
  readonly log: Logger;
}

/** The data directory cannot be used; the message says why. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

/** The directory that all data of a broker is in: its lock, its identity and how it was left. */
export class DataDirectory {
  readonly path: string;
  readonly meta: MetaProperties;
  /** True when the last process to use the directory closed every log. */
  readonly cleanShutdown: boolean;
  /** As found at the opening. */
  readonly recoveryPoints: OffsetsByPartition;
  readonly logStarts: OffsetsByPartition;
  readonly #lock: DirectoryLock;

  private constructor(
    path: string,
    lock: DirectoryLock,
    found: Pick<DataDirectory, 'meta' | 'cleanShutdown' | 'recoveryPoints' | 'logStarts'>,
  ) {
    this.path = path;
    this.#lock = lock;
    this.meta = found.meta;
    this.cleanShutdown = found.cleanShutdown;
    this.recoveryPoints = found.recoveryPoints;
    this.logStarts = found.logStarts;
  }

  /**
   * Makes the directory if need be and takes its lock. Throws DirectoryLocked or
   * DataDirectoryError.
   */
  static async open(options: DataDirectoryOptions): Promise<DataDirectory> {
    const path = resolve(options.path);
    try {
      await makeDirectories(path);
      return await DataDirectory.#open(path, options);
    } catch (error) {
      if (error instanceof DirectoryLocked) throw error;
      const { code, message: told } = error as NodeJS.ErrnoException;
      const advice = isOutOfSpace(error) ? '. Make room on its disk and start again' : '';
      const message = code === 'EEXIST' ? 'a file is in its place' : `${told}${advice}`;
      throw new DataDirectoryError(`data directory ${path}: ${message}`, { cause: error });
    }
  }

  static async #open(path: string, options: DataDirectoryOptions): Promise<DataDirectory> {
    const lock = await DirectoryLock.acquire(path);
    try {
      const stored = await readMetaProperties(path);
      const meta = stored ?? newIdentity(options);
      if (options.nodeId !== null && meta.nodeId !== options.nodeId) {
        throw new Error(
          `it belongs to node ${meta.nodeId} (meta.properties), not to node ${options.nodeId}`,
        );
      }
      if (options.clusterId !== '' && meta.clusterId !== options.clusterId) {
        throw new Error(
          `it belongs to cluster ${meta.clusterId} (meta.properties), not to ${options.clusterId}`,
        );
      }
      if (!stored) await writeMetaProperties(path, meta);
      return new DataDirectory(path, lock, {
        meta,
        recoveryPoints: await readOrRecover(join(path, recoveryPointFile), options.log),
        logStarts: await readOrRecover(join(path, logStartFile), options.log),
        // Removed before anything is written, so that a crash from now on is seen as one.
        cleanShutdown: await removeFile(join(path, cleanShutdownFile)),
      });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Gives the lock back. `clean`: every log and checkpoint was closed before. */
  async close(clean: boolean): Promise<void> {
    try {
      if (clean) {
        const marker = JSON.stringify({ version: 0, brokerEpoch: -1 });
        await replaceFile(join(this.path, cleanShutdownFile), marker);
      }
      await syncDirectory(this.path);
    } finally {
      await this.#lock.release();
    }
  }
}

function newIdentity({ nodeId, clusterId }: DataDirectoryOptions): MetaProperties {
  return {
    clusterId: clusterId === '' ? randomTopicId() : clusterId,
    nodeId: nodeId ?? 1,
    directoryId: randomTopicId(),
  };
}

/** A damaged checkpoint costs a longer recovery, not the start. */
async function readOrRecover(path: string, log: Logger): Promise<OffsetsByPartition> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    log.warn({ err: error }, 'checkpoint is unreadable: going on without it');
    return new Map();
  }
}
