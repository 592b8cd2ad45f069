import { testSeeds } from './test-seeds.js';

testSeeds(1_001, 500);
