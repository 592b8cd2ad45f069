import { basename } from 'node:path';
import t from 'tap';
import type { Api } from '../../engine/api/api.js';
import { apis } from '../../engine/api/served.js';
import { read, repositoryFiles } from './sources.js';

/** Produce tells clients of versions that it then refuses (KAFKA-18659), so its header names others. */
const advertisesMore = new Set([0]);

const files = repositoryFiles().filter((path) => /^engine\/api\/\d\d-[^/]+\.ts$/.test(path));

t.test('every API has a file of its own, numbered as its key', async (t) => {
  t.equal(files.length, apis.size);
  for (const path of files) {
    const key = Number(basename(path).slice(0, 2));
    const api = apis.get(key) as Api | undefined;
    t.ok(api, `${path} is served`);
    const kebab = api?.name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
    t.equal(basename(path, '.ts').slice(3), kebab, `${path} is named after ${api?.name}`);
  }
});

t.test('every API file begins with its name, key and versions', async (t) => {
  for (const path of files) {
    const api = apis.get(Number(basename(path).slice(0, 2)));
    const header = (read(path) ?? '').split('*/', 1)[0] ?? '';
    const said = /^\/\*\*\s+\* (\w+) \(key (\d+)\), versions? (\d+)(?:–(\d+))?/.exec(header);
    t.ok(said, `${path} has a header`);
    const [, name, key, least, most] = said ?? [];
    t.strictSame([name, Number(key)], [api?.name, api?.key], path);
    if (api !== undefined && !advertisesMore.has(api.key)) {
      t.strictSame([Number(least), Number(most ?? least)], [api.minVersion, api.maxVersion], path);
    }
  }
});
