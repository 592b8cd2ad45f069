import { testSeeds } from './test-seeds.js';

testSeeds(1, 500);
