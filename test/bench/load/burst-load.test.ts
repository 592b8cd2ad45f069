import t from 'tap';
import { BurstLoad } from '../../../bench/load/burst-load.js';
import { readingOf } from '../../../bench/scenario.js';
import { shapeFor } from './shape.js';

t.test('only what is read counts, and all that was written is read', async (t) => {
  const shape = await shapeFor(t);
  const fetched = readingOf(shape, 2, { isOnDemand: true });
  const load = await BurstLoad.start(shape, fetched, {
    failed: (error) => {
      throw error;
    },
  });
  const recordsOfSend = 2 * 16;
  for (const burst of [1, 2, 3]) {
    await load.write(10 * recordsOfSend * 1_000);
    t.equal(load.progress().records, (burst - 1) * 10 * recordsOfSend);
    await load.read();
    t.equal(load.progress().records, burst * 10 * recordsOfSend);
  }
  await load.stop();
  await t.resolves(load.verify());
});
