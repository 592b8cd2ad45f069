/** The native addon, or what stands in for it where it is absent. */

import { AddonCodecs, AddonSyncer } from './addon.js';
import { loadAddon } from './addon-file.js';
import type { Codecs, Syncer } from './codecs.js';
import { FallbackSyncer } from './fallback/fallback-syncer.js';
import { AddonFileSender, type FileSender } from './file-sender.js';

export * from './codecs.js';
export type { FileSender } from './file-sender.js';

/** A dozen modules that nobody needs beside the addon: they cost every thread 10 ms and 1 MB (measured). */
const { FallbackCodecs } =
  'binding' in loadAddon() ? {} : await import('./fallback/fallback-codecs.js');

/**
 * The codecs to use in this thread; cheap to call again.
 * @param preference the addon and nothing else
 * @throws Error if the addon is preferred and absent
 */
export function loadCodecs(preference?: 'addon'): Codecs {
  if (FallbackCodecs !== undefined && preference === undefined) return new FallbackCodecs();
  const loaded = loadAddon();
  if ('binding' in loaded) return new AddonCodecs(loaded.binding);
  throw new Error(`no addon: ${loaded.absence}`);
}

/** A syncer for this thread; see `loadCodecs` for the preference. */
export function createSyncer(preference?: 'addon' | 'fallback'): Syncer {
  if (preference === 'fallback') return new FallbackSyncer();
  const loaded = loadAddon();
  if ('binding' in loaded) return new AddonSyncer(loaded.binding);
  if (preference === 'addon') throw new Error(`no addon: ${loaded.absence}`);
  return new FallbackSyncer();
}

/** How to send file ranges, or null where the addon or the system cannot: then they are read and written. */
export function loadFileSender(): FileSender | null {
  if (process.platform !== 'linux') return null;
  const loaded = loadAddon();
  return 'binding' in loaded ? new AddonFileSender(loaded.binding) : null;
}

/** One line for the log that says what running without the addon costs; null with the addon. */
export function codecsNotice(): string | null {
  const loaded = loadAddon();
  if ('binding' in loaded) return null;
  return (
    'running on fallback codecs, which need several times the CPU to check and decompress ' +
    `batches, and sync files on threads shared with reads: ${loaded.absence}`
  );
}
