import { testSeeds } from './test-seeds.js';

testSeeds(41, 40);
