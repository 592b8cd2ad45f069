import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cycles, type CyclesOutcome, type Durability } from './cycles.js';
import { PowerDisk } from './power/power-disk.js';

export interface SequenceOptions {
  readonly buildDirectory: string;
  readonly durability: Durability;
  readonly cycles: number;
  readonly seed: number;
  /** On a disk that loses what was not synced. */
  readonly withPowerCuts: boolean;
  readonly report: (line: string) => void;
}

/** Some cycles in a directory of their own, which is kept, for its log, if they find something. */
export async function runSequence(options: SequenceOptions): Promise<CyclesOutcome> {
  const { withPowerCuts, cycles, seed } = options;
  const directory = mkdtempSync(join(tmpdir(), 'kopje-crash-'));
  const disk = withPowerCuts ? await PowerDisk.mount(join(directory, 'disk'), seed) : null;
  let outcome: CyclesOutcome;
  try {
    outcome = await new Cycles({ ...options, directory, disk }).run(cycles);
  } finally {
    await disk?.close();
  }
  if (outcome.findings.length === 0) rmSync(directory, { recursive: true, force: true });
  else options.report(`its log is ${join(directory, 'kopje.log')}`);
  return outcome;
}
