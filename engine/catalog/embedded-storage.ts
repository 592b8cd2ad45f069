import type { Logger } from 'pino';
import type { Settings } from '../config/schema.js';
import { DataDirectory } from './data-directory.js';
import type { RecordStorage, Storage } from './storage.js';

/** Its store takes time to load. */
export function loadCatalog() {
  return import('./embedded-catalog.js');
}

/** The embedded log and its catalog, in a data directory. Throws DirectoryLocked, DataDirectoryError. */
export async function openEmbeddedStorage(
  settings: Settings,
  log: Logger,
  records: RecordStorage,
): Promise<Storage> {
  // Meanwhile; whoever opens the catalog is told.
  loadCatalog().catch(() => {});
  const directory = await DataDirectory.open({
    path: settings.dataDir,
    nodeId: settings.brokerId,
    clusterId: settings.clusterId,
    log,
  });
  return {
    workers: { backend: { kind: 'embedded' }, dataDir: directory.path, storage: records },
    segments: directory.path,
    load: loadCatalog,
    // The data directory is locked.
    waitForTurn: async () => null,
    waitsFor: null,
    async openCatalog(partitions, failed) {
      const { EmbeddedCatalog } = await loadCatalog();
      const kept = records === 'disk';
      return EmbeddedCatalog.open({ directory, partitions, log, settings, kept, failed });
    },
    close: (clean) => directory.close(clean),
  };
}
