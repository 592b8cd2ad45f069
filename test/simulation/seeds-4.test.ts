import { testSeeds } from './test-seeds.js';

testSeeds(1_501, 500);
