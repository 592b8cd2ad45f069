import type { Codecs } from '../../../native/codecs.js';
import type { PulsarBackend } from '../../ring/control.js';
import type { Log } from '../log.js';
import { openPulsarClient } from './client.js';
import { CacheMemory } from './entry-cache.js';
import { EpochCounters } from './epoch-counters.js';
import { openPulsarLog, type PulsarLogOptions } from './open.js';
import { SnapshotTopic } from './snapshot-topic.js';
import { threadTools } from './thread-tools.js';

/** Pulsar as a partition thread sees it. Loaded only where a broker keeps its records there. */
export interface PulsarThread {
  /** Throws LogFault. */
  openLog(options: Omit<PulsarLogOptions, 'tools'>): Promise<Log>;
  close(): Promise<void>;
}

export function openPulsarThread(
  backend: PulsarBackend,
  codecs: Codecs,
  maxInflatedBytes: number,
): PulsarThread {
  const client = openPulsarClient(backend);
  const { lookup, admin } = client;
  const epochs = new EpochCounters(lookup, admin, backend.metadataNamespace);
  const snapshots = new SnapshotTopic(backend.snapshotTopic, lookup, admin);
  const { kopCompatible } = backend;
  const memory = new CacheMemory(backend.cacheBytes);
  const shared = { lookup, admin, epochs, memory, snapshots, kopCompatible };
  const tools = threadTools(shared, codecs, maxInflatedBytes);
  return {
    openLog: (options) => openPulsarLog({ ...options, tools }),
    close: () => client.close(),
  };
}
