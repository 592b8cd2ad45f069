import type { Observed } from './metric.js';

/** Partitions that are named one by one. */
const namedPartitions = 10;

/** What keeps a broker from serving everything that it holds, one line each; empty if it is ready. */
export function missingFor({ front, waitsFor, catalog }: Observed): string[] {
  const missing: string[] = waitsFor === null ? [] : [waitsFor];
  if (!front.accepting) missing.push('the listeners do not accept connections');
  const offline: string[] = [];
  let more = 0;
  for (const { name, partitions } of catalog?.topics() ?? []) {
    for (const [partition, { online }] of partitions.entries()) {
      if (online) continue;
      if (offline.length < namedPartitions) offline.push(`${name}-${partition}`);
      else more++;
    }
  }
  if (more > 0) offline.push(`and ${more} more`);
  if (offline.length > 0) missing.push(`partitions are not open: ${offline.join(', ')}`);
  return missing;
}
