import type { Logger } from 'pino';
import type { WorkerSettings } from '../../workers/ring/control.js';
import type { Lease } from '../cluster/lease.js';
import { backendOf } from '../config/pulsar-backend.js';
import type { Settings } from '../config/schema.js';
import type { PartitionPort } from '../route/partition-port.js';
import type { Catalog } from './catalog.js';

/** What keeps the records and the metadata of a broker. */
export interface Storage {
  /** What the workers have to know of it. */
  readonly workers: Pick<WorkerSettings, 'backend' | 'dataDir' | 'storage'>;
  /** Directory of segment files that replies may be sent from; null where there are none. */
  readonly segments: string | null;
  /** Loads what the catalog needs; beforehand, because loading takes time. */
  load(): Promise<unknown>;
  /** Resolves when it is this process's turn to serve; null where no other one could. Rejects with StartGivenUp. */
  waitForTurn(signal: AbortSignal): Promise<Lease | null>;
  /** Whom it waits for; null: nobody. */
  readonly waitsFor: string | null;
  /** `failed` is told when nothing can be changed any more, and the process has to end. */
  openCatalog(
    partitions: PartitionPort,
    failed: (fault: Error) => void,
    signal: AbortSignal,
  ): Promise<Catalog>;
  /** After the catalog. `clean`: every log was closed before. */
  close(clean: boolean): Promise<void>;
}

/** Where records of the embedded log are: in the data directory, or in the memory of the partition threads. */
export type RecordStorage = 'disk' | 'memory';

/** Throws DirectoryLocked, DataDirectoryError, SettingsError. */
export async function openStorage(
  settings: Settings,
  log: Logger,
  records: RecordStorage,
): Promise<Storage> {
  const backend = await backendOf(settings);
  if (backend.kind === 'embedded') {
    const { openEmbeddedStorage } = await import('./embedded-storage.js');
    return openEmbeddedStorage(settings, log, records);
  }
  const { pulsarStorage } = await import('./pulsar/pulsar-storage.js');
  return pulsarStorage(backend, settings, log);
}
