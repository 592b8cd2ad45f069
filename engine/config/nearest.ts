import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The name that was probably meant, or null if none is near. */
export function nearest(written: string, names: readonly string[]): string | null {
  // Only now: a start whose settings are right needs none of it.
  const { distance } = require('fastest-levenshtein') as typeof import('fastest-levenshtein');
  const wanted = fold(written);
  let best: string | null = null;
  let leastDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    const apart = distance(wanted, fold(name));
    if (apart < leastDistance) {
      best = name;
      leastDistance = apart;
    }
  }
  return best;
}

/** Case and separators are what people mix up without noticing. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}
