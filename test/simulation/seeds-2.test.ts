import { testSeeds } from './test-seeds.js';

testSeeds(501, 500);
