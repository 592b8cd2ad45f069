/** Seeds outside of the default range that found a defect which is mended. */
import { testSeeds } from './test-seeds.js';

// A close wrote the only snapshot that knew of a producer anew, unsynced, and a power cut tore it.
testSeeds(333, 1);

// Records were deleted and then lost with the power (`durability=os`): the offsets below the log start were given again.
testSeeds(344, 1);
