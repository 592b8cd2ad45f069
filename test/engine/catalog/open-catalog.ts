import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { DataDirectory } from '../../../engine/catalog/data-directory.js';
import { EmbeddedCatalog } from '../../../engine/catalog/embedded-catalog.js';
import { defaultSettings } from '../../../engine/config/schema.js';
import { FakePartitionPort } from '../fake-partition-port.js';

export const silent: Logger = pino({ level: 'silent' });

export interface OpenedCatalog {
  readonly directory: DataDirectory;
  readonly port: FakePartitionPort;
  readonly catalog: EmbeddedCatalog;
  close(clean?: boolean): Promise<void>;
}

export async function temporaryDirectory(t: {
  teardown(end: () => Promise<void>): unknown;
}): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kopje-catalog-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A catalog over fake partitions. */
export async function openCatalog(
  path: string,
  failing: Iterable<string> = [],
): Promise<OpenedCatalog> {
  const directory = await DataDirectory.open({ path, nodeId: null, clusterId: '', log: silent });
  const port = new FakePartitionPort(path);
  for (const name of failing) port.failing.add(name);
  const settings = { ...defaultSettings(), numPartitions: 2, maxPartitions: 100 };
  const failed = () => {};
  const options = { directory, partitions: port, log: silent, settings, failed };
  const catalog = await EmbeddedCatalog.open(options).catch(async (error: unknown) => {
    await directory.close(false);
    throw error;
  });
  return {
    directory,
    port,
    catalog,
    async close(clean = true) {
      await catalog.close();
      await directory.close(clean);
    },
  };
}
