import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakBuild } from './broken-build.js';
import { type Plant, plants } from './plants.js';
import { powerDiskAbsence } from './power/power-disk.js';
import { runSequence } from './sequence.js';

/** Cycles that a broken build gets to be found out in. */
const mostCycles = 15;
/** On the two cores that this is written for. */
const lanes = 2;

export interface PlantedOutcome {
  readonly caught: number;
  readonly missed: number;
}

/** Runs the cycles over each broken build: every one must be found out. */
export async function runPlanted(
  seed: number,
  report: (line: string) => void,
): Promise<PlantedOutcome> {
  const absence = powerDiskAbsence();
  const possible = plants.filter(({ needsPowerCut }) => absence === null || !needsPowerCut);
  const waiting = possible[Symbol.iterator]();
  let caught = 0;
  const lane = async () => {
    for (const plant of waiting) if (await isCaught(plant, seed, report)) caught++;
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { caught, missed: possible.length - caught };
}

async function isCaught(
  plant: Plant,
  seed: number,
  report: (line: string) => void,
): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'kopje-broken-'));
  try {
    const { findings, cycles } = await runSequence({
      buildDirectory: breakBuild(plant, directory),
      durability: 'fsync',
      cycles: mostCycles,
      seed,
      withPowerCuts: plant.needsPowerCut,
      report: () => {},
    });
    if (findings.length === 0) report(`MISSED: a build that ${plant.name}`);
    else report(`caught after ${cycles} cycles: a build that ${plant.name}: ${findings[0]}`);
    return findings.length > 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
