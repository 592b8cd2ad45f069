/** Finds and loads the addon's file. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AddonBinding } from './addon.js';

/** The binding, or why there is none. */
export type LoadedAddon = { binding: AddonBinding } | { absence: string };

let loaded: LoadedAddon | undefined;

/**
 * Loads the addon, once per thread: what `native/build.mjs` made, else an optional package.
 * `KOPJE_ADDON=off` in the environment leaves it out, to test what runs without it.
 */
export function loadAddon(): LoadedAddon {
  if (process.env['KOPJE_ADDON'] === 'off') return { absence: 'KOPJE_ADDON=off' };
  loaded ??= tryAll();
  return loaded;
}

function tryAll(): LoadedAddon {
  const platform = `${process.platform}-${process.arch}`;
  // Compiled, this file is dist/native/addon-file.js; the addon stays in the source tree.
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'native');
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  // Which C library the process runs on is costly to ask for; the wrong file does not load.
  for (const name of process.platform === 'linux' ? [platform, `${platform}-musl`] : [platform]) {
    const file = join(folder, `kopje.${name}.node`);
    for (const source of [existsSync(file) ? file : null, `@kopje/native-${name}`]) {
      if (source === null) continue;
      try {
        return { binding: require(source) as AddonBinding };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') continue;
        const [reason = ''] = (error as Error).message.split('\n');
        failures.push(reason.includes(source) ? reason : `${source}: ${reason}`);
      }
    }
  }
  if (failures.length > 0) return { absence: failures.join('; ') };
  return { absence: `not built (run node native/build.mjs) and no package for ${platform}` };
}
