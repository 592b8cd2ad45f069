/** Where prepared toolchains and peers are kept between runs, outside of the repository. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `KOPJE_TEST_CACHE`, or a folder of the user's cache. */
export function cacheRoot(): string {
  const set = process.env['KOPJE_TEST_CACHE'];
  return set ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kopje-test');
}

/**
 * A folder that `make` fills once for each content of `manifests`: it is made under another name
 * and renamed when complete, so that a half-made one is never used.
 */
export async function madeOnce(
  name: string,
  manifests: readonly string[],
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const file of manifests) hash.update(readFileSync(file));
  const directory = join(cacheRoot(), `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(join(directory, 'complete'))) return directory;
  const aside = `${directory}.${process.pid}`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(join(aside, 'complete'), { recursive: true });
  await make(aside);
  try {
    renameSync(aside, directory);
  } catch (error) {
    // Another run was quicker; its content is the same.
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(join(directory, 'complete'))) throw error;
  }
  return directory;
}
