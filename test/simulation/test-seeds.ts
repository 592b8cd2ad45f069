import t from 'tap';
import { runSeeds } from './run-seeds.js';

/** A busy machine takes several times as long as an idle one. */
const timeoutMs = 280_000;

/** A test of a range of seeds; several files have one each, so that they run side by side. */
export function testSeeds(from: number, count: number): void {
  t.setTimeout(timeoutMs);
  t.test(`seeds ${from} to ${from + count - 1}`, { timeout: timeoutMs }, async (t) => {
    const { failure, operations, crashes } = await runSeeds(from, count);
    t.equal(failure, null);
    t.ok(operations >= count * 200, `${operations} operations`);
    t.ok(crashes >= count * 2, `${crashes} crashes`);
  });
}
