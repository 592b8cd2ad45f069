/** A process of its own: fills a store until its file may not grow, and says how that went. */
import { CatalogStore } from '../../../engine/catalog/store.js';

const store = await CatalogStore.open(process.argv[2] ?? '');
await store.initialize([], 0);
const overrides = { filler: 'x'.repeat(2_000) };
let kept = 0;
let refused = 0;
for (let round = 0; round < 20; round++) {
  const rows = Array.from({ length: 20 }, (_, index) => `topic-${round}-${index}`);
  const row = { id: `${'a'.repeat(21)}A`, partitions: 1, overrides };
  const outcomes = await Promise.allSettled(rows.map((name) => store.putTopic(name, row)));
  kept += outcomes.filter(({ status }) => status === 'fulfilled').length;
  refused += outcomes.filter(({ status }) => status === 'rejected').length;
}
await store.close();
process.stdout.write(`${kept} ${refused}\n`);
