import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';

const dist = resolve(import.meta.dirname, '..', '..');
/** A compiled module's imports and re-exports at its beginning; `import()` is none of them. */
const staticImport = /^(?:import|export)\b[^'"\n]*?from '([^']+)'|^import '([^']+)'/gm;

/** All that is loaded with a compiled module: other modules, and packages by their names. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, from, bare] of readFileSync(file, 'utf8').matchAll(staticImport)) {
    const target = (from ?? bare) as string;
    if (target.startsWith('.')) loadedWith(join(file, '..', target), seen);
    else seen.add(target);
  }
  return seen;
}

for (const entry of [
  'workers/thread.js',
  'engine/broker.js',
  'engine/api/served.js',
  'engine/coordinators/group/coordinator.js',
  'engine/catalog/embedded-storage.js',
  'engine/embedded/start-kopje.js',
]) {
  t.test(
    `${entry} loads nothing of Pulsar's protocol, which a log on disk does not need`,
    async (t) => {
      // It would be in each thread of twenty brokers of a test suite: 5 MiB for a broker.
      const loaded = [...loadedWith(join(dist, entry))];
      t.ok(loaded.length > 10);
      t.strictSame(
        loaded.filter((name) => name.startsWith('@bufbuild/protobuf')),
        [],
      );
    },
  );
}
