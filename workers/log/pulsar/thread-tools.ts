import type { Codecs } from '../../../native/codecs.js';
import { Entry } from '../../format/entry.js';
import type { TopicAdmin } from './admin.js';
import type { CacheMemory } from './entry-cache.js';
import { EntryMemory } from './entry-memory.js';
import type { SharedEpochs } from './epoch-counters.js';
import type { Lookup } from './lookup.js';
import type { SnapshotStore } from './snapshot-topic.js';

/** What the Pulsar logs of one thread share. */
export interface ThreadTools {
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
  readonly epochs: SharedEpochs;
  /** For the entries that readers are near. */
  readonly memory: CacheMemory;
  /** Whether KoP is to read what is written. */
  readonly kopCompatible: boolean;
  /** For what is known of producers. */
  readonly snapshots: SnapshotStore;
  readonly codecs: Codecs;
  /** Bound of a payload after decompression. */
  readonly maxInflatedBytes: number;
  /** For entries on their way. */
  readonly entryMemory: EntryMemory;
  /** Opened and read in one go, never across a turn. */
  readonly entry: Entry;
}

export function threadTools(
  shared: Omit<ThreadTools, 'codecs' | 'maxInflatedBytes' | 'entry' | 'entryMemory'>,
  codecs: Codecs,
  maxInflatedBytes: number,
): ThreadTools {
  const entry = new Entry(codecs, maxInflatedBytes);
  const entryMemory = new EntryMemory();
  return { ...shared, codecs, maxInflatedBytes, entry, entryMemory };
}
