import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import type { Measurement } from '../../bench/measurement.js';

t.test('a run prints what it measured, and writes it as JSON and as a page', async (t) => {
  const directory = t.testdir({});
  const main = resolve('dist', 'bench', 'main.js');
  const words = ['--scenario', 'start', 'latency', '--duration', '0.2', '--warm-up', '0.1'];
  const child = spawn(process.execPath, [main, ...words, '--json'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes;
  });
  const [code] = (await once(child, 'close')) as [number];
  t.equal(code, 0);
  const { measurements } = JSON.parse(output) as { measurements: Measurement[] };
  const [start, latency] = measurements;
  t.ok((start?.startMs ?? 0) > 0);
  t.ok((latency?.requestsPerSecond ?? 0) > 0);
  t.ok((latency?.latency?.p50 ?? 0) > 0);
  const files = readdirSync(join(directory, 'bench', 'results'));
  t.strictSame(files.map((file) => file.replace(/.*\./, '')).sort(), ['html', 'json']);
});
