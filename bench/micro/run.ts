/** `npm run bench:micro`: runs the programs of this folder, or those that are named, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const programs = ['ring', 'checks', 'append', 'fetch', 'codec', 'format', 'addon'];

const named = process.argv.slice(2);
const unknown = named.filter((name) => !programs.includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `there is no micro-benchmark ${unknown.join(', ')}; give some of ${programs.join(', ')}\n`,
  );
  process.exit(1);
}
for (const name of named.length > 0 ? named : programs) {
  process.stdout.write(`${name}\n`);
  const file = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, ['--expose-gc', file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
