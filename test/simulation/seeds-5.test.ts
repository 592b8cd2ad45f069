import { testSeeds } from './test-seeds.js';

/** Those change the formats of entries. */
testSeeds(2_001, 80);
