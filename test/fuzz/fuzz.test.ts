/** A few thousand cases of each fuzzer, the same in every run; `npm run test:fuzz` runs others without end. */
import t from 'tap';
import { fuzzers } from './fuzzers.js';

const seed = 4;

t.setTimeout(280_000);

for (const fuzzer of fuzzers) {
  t.test(`${fuzzer.name}: ${fuzzer.cases} cases`, async (t) => {
    const running = await fuzzer.start();
    const failure = await running.check(seed, fuzzer.cases);
    if (failure !== null) t.fail(failure);
    t.equal(await running.close(), null, 'nothing is left');
  });
}
