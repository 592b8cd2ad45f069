/** The broken builds can be made: they are run by `npm run test:crash`. */
import t from 'tap';
import { brokenText } from './broken-build.js';
import { plants } from './plants.js';

for (const plant of plants) {
  t.test(`a build that ${plant.name}`, async (t) => {
    t.ok(brokenText(plant).includes(plant.to));
  });
}
