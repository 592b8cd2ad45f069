import type { Codecs } from '../../../native/codecs.js';
import { Entry } from '../../format/entry.js';
import type { TopicAdmin } from './admin.js';
import { CacheMemory } from './entry-cache.js';
import type { Lookup } from './lookup.js';

/** Bytes of entries that a thread keeps for its readers. */
const maxCacheBytes = 64 * 2 ** 20;

/** What the Pulsar logs of one thread share. */
export interface ThreadTools {
  readonly lookup: Lookup;
  readonly admin: TopicAdmin;
  readonly memory: CacheMemory;
  readonly codecs: Codecs;
  /** Bound of a payload after decompression. */
  readonly maxInflatedBytes: number;
  /** Opened and read in one go, never across a turn. */
  readonly entry: Entry;
}

export function threadTools(
  { lookup, admin }: Pick<ThreadTools, 'lookup' | 'admin'>,
  codecs: Codecs,
  maxInflatedBytes: number,
): ThreadTools {
  const entry = new Entry(codecs, maxInflatedBytes);
  return { lookup, admin, memory: new CacheMemory(maxCacheBytes), codecs, maxInflatedBytes, entry };
}
