import t from 'tap';
import { read, repositoryFiles } from './sources.js';

const files = repositoryFiles();

const topLevel = [
  '.ci',
  '.github',
  '.gitignore',
  '.npmrc',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'bench',
  'binding.gyp',
  'biome.json',
  'docs',
  'engine',
  'native',
  'package-lock.json',
  'package.json',
  'test',
  'tsconfig.json',
  'workers',
];

t.test('the top level holds what it should and nothing else', async (t) => {
  const found = [...new Set(files.map((path) => path.split('/', 1)[0]))].sort();
  t.strictSame(found, topLevel);
});

t.test('lock files carry no download addresses', async (t) => {
  const locks = files.filter((path) => /(package-lock\.json|\.lock|go\.sum)$/.test(path));
  t.ok(locks.includes('package-lock.json'));
  for (const path of locks.filter((path) => path.endsWith('.json'))) {
    t.notMatch(read(path), /"resolved"|https?:\/\/[^"]*\.tgz/, path);
  }
});

t.test(
  'the lock file names the packages of every platform, so that npm ci works on it',
  async (t) => {
    interface Entry {
      readonly optionalDependencies?: Record<string, string>;
    }
    const lock = JSON.parse(read('package-lock.json') ?? '{}') as {
      packages: Record<string, Entry>;
    };
    const known = Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, ''));
    const wanted = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    t.strictSame(
      wanted.filter((name) => !known.includes(name)),
      [],
    );
  },
);

t.test('no file names a machine or a registry', async (t) => {
  // Put together here, so that this file does not find itself.
  const places = ['/root/', '/home/', '/work/', '/Users/'].map((place) => `[\\s'"(=:]${place}`);
  const hosts = ['registry.npmjs', 'registry.yarnpkg', 'npm.pkg.github'].map((host) =>
    host.replaceAll('.', '\\.'),
  );
  const wrong = new RegExp([...places, ...hosts].join('|'));
  const texts = files.filter(
    (path) => /\.(ts|mjs|json|md|ya?ml|toml|sh|py|go|java|rs|gyp)$/.test(path) || path === '.npmrc',
  );
  const found = texts.filter(
    (path) => path !== 'test/tidy/repository.test.ts' && wrong.test(read(path) ?? ''),
  );
  t.strictSame(found, []);
});

t.test('nothing is left to do in the code', async (t) => {
  const mark = new RegExp(
    `\\b(${['TO', 'FIX', 'X'].map((w) => `${w}${w === 'X' ? 'XX' : w === 'TO' ? 'DO' : 'ME'}`).join('|')})\\b`,
  );
  const code = files.filter((path) => /\.(ts|mjs|rs)$/.test(path));
  t.strictSame(
    code.filter((path) => mark.test(read(path) ?? '')),
    [],
  );
});
