import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { root } from './sources.js';

t.test('Biome finds no fault (`npm run format` mends most)', async (t) => {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const words = [biome, 'check', '--colors=off', '--max-diagnostics=10', '.'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
  });
  t.equal(status === 0 ? '' : stdout + stderr, '');
});
