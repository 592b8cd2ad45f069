import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { plants } from './plants.js';

/** Default seeds within which each has to be caught. */
const mostSeeds = 100;
const timeoutMs = 280_000;

const hook = new URL('plant-hook.js', import.meta.url).href;
const run = fileURLToPath(new URL('plant-run.js', import.meta.url));

/** What the default seeds say of a planted bug. */
function caught(plant: string, firstSeed: number): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--import', hook, run, String(firstSeed), String(mostSeeds)],
      {
        env: { ...process.env, PLANT: plant },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const output: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => output.push(bytes));
    child.on('close', () => resolve(Buffer.concat(output).toString()));
  });
}

t.setTimeout(timeoutMs);

for (const { name, firstSeed = 1 } of plants) {
  t.test(`the simulation catches: ${name}`, { timeout: timeoutMs }, async (t) => {
    t.match(await caught(name, firstSeed), /^caught by seed \d+: /m);
  });
}
