/**
 * What `npm start`, `npm test`, `npm run test:clients` and `npm run bench` call in a checkout:
 * installs packages, builds the addon and compiles what has changed, then runs what was asked for.
 * Needs nothing but Node. A published package is built already and never comes here.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { holdSetupLock } from './setup-lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stampsFile = join(root, 'dist', '.setup.json');
/** Folders with sources that TypeScript compiles. */
const sourceFolders = ['engine', 'workers', 'native', 'bench', 'test'];

/** @param {string} line */
const say = (line) => process.stderr.write(`setup: ${line}\n`);

/** Ends the setup with a message instead of a stack. */
class SetupError extends Error {}

/** What each name on the command line runs, once everything is built. */
const programs = {
  serve: { file: 'dist/engine/kopje.cjs', words: ['serve'] },
  'start-pulsar': { file: 'dist/test/peers/pulsar-main.js', words: [] },
  test: { file: 'dist/test/runner/main.js', words: [] },
  clients: { file: 'dist/test/clients/run.js', words: [] },
  differential: { file: 'dist/test/differential/run.js', words: [] },
  foreign: { file: 'dist/test/foreign/run.js', words: [] },
  soak: { file: 'dist/test/soak/run.js', words: [] },
  checkout: { file: 'dist/test/runner/main.js', words: ['checkout/readme'] },
  package: { file: 'dist/test/runner/main.js', words: ['checkout/package'] },
  crash: { file: 'dist/test/crash/run.js', words: [] },
  fuzz: { file: 'dist/test/fuzz/run.js', words: [] },
  simulation: { file: 'dist/test/simulation/run.js', words: [] },
  disks: { file: 'dist/test/disks/run.js', words: [] },
  pulsar: { file: 'dist/test/pulsar/run.js', words: [] },
  weather: { file: 'dist/test/weather/run.js', words: [] },
  bench: { file: 'dist/bench/main.js', words: [] },
  'bench-micro': { file: 'dist/bench/micro/run.js', words: [] },
};

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(
    `Kopje needs Node 20.19 or newer, this is ${process.versions.node}; see https://nodejs.org`,
  );
}

/** The result of each step of the last setup. @returns {Record<string, string>} */
function readStamps() {
  try {
    return JSON.parse(readFileSync(stampsFile, 'utf8'));
  } catch {
    return {};
  }
}

/** @param {string} step @param {string} value */
function writeStamp(step, value) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stampsFile, JSON.stringify({ ...readStamps(), [step]: value }));
}

/** @param {readonly string[]} parts */
function hashOf(parts) {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

/**
 * Names, sizes and times of files; cheap, and changes whenever an editor or git changes one.
 * @param {string} folder @param {(name: string) => boolean} wanted
 */
function fingerprint(folder, wanted) {
  const path = join(root, folder);
  if (!existsSync(path)) return '';
  const lines = [];
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !wanted(entry.name)) continue;
    const directory = entry.parentPath ?? entry.path;
    if (directory.includes(join('native', 'target'))) continue;
    const file = join(directory, entry.name);
    const { size, mtimeMs } = statSync(file);
    lines.push(`${file} ${size} ${mtimeMs}`);
  }
  return lines.sort().join('\n');
}

/**
 * Runs a program with its output on standard error; ends with the setup on a signal.
 * @param {string} command @param {readonly string[]} words
 * @returns {Promise<number>} its exit code
 */
function run(command, words) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, stdio: ['ignore', 2, 2] });
    const stop = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    process.on('SIGTERM', stop).on('SIGINT', stop);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGTERM', stop).off('SIGINT', stop);
      if (signal === 'SIGTERM' || signal === 'SIGINT') process.exit(1);
      resolve(code ?? 1);
    });
  });
}

/** True if the packages that are there are those of the lock file. */
function isInstalled() {
  try {
    const read = (/** @type {string} */ file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
    const wanted = read('package-lock.json').packages;
    const present = read('node_modules/.package-lock.json').packages;
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        path === '' || optional || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

async function install() {
  say('installing packages (npm ci; about 20 s)');
  const npm = process.env.npm_execpath;
  const words = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = npm?.endsWith('.js')
    ? await run(process.execPath, [npm, ...words])
    : await run('npm', words);
  if (code !== 0) throw new SetupError('npm ci failed; see its messages above');
}

/** Cargo's place in PATH, or null; looked up without starting anything. */
function findCargo() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'cargo')).find((file) => existsSync(file)) ?? null;
}

async function buildAddon() {
  const code = await run(process.execPath, [join(root, 'native', 'build.mjs')]);
  if (code !== 0) say('the addon was not built: going on with the slower fallback codecs');
}

async function compile() {
  say('compiling');
  const started = performance.now();
  removeOrphans();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const code = await run(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')]);
  if (code !== 0) throw new SetupError('TypeScript found errors; see above');
  say(`compiled in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Removes what was compiled from sources that are gone, so that no deleted test runs on. */
function removeOrphans() {
  for (const folder of sourceFolders) {
    const compiled = join(root, 'dist', folder);
    if (!existsSync(compiled)) continue;
    for (const name of readdirSync(compiled, { recursive: true, encoding: 'utf8' })) {
      const stem = /^(.*)\.(js|js\.map|d\.ts)$/.exec(name)?.[1];
      if (stem === undefined || existsSync(join(root, folder, `${stem}.ts`))) continue;
      rmSync(join(compiled, name), { force: true });
      // Else tsc believes that it has emitted all there is.
      rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
    }
  }
}

/** What makes the bundle. */
function bundler() {
  return readFileSync(join(root, 'engine', 'bundle.mjs'), 'utf8');
}

/** What each step depends on, and how it is done. */
const steps = {
  packages: {
    state: () => hashOf([readFileSync(join(root, 'package-lock.json'), 'utf8'), process.platform]),
    isDone: () => existsSync(join(root, 'node_modules', '.package-lock.json')),
    perform: async () => {
      if (!isInstalled()) await install();
    },
  },
  compiled: {
    state: () => {
      const isSource = (/** @type {string} */ name) => /\.c?ts$/.test(name);
      const config = readFileSync(join(root, 'tsconfig.json'), 'utf8');
      return hashOf([config, ...sourceFolders.map((folder) => fingerprint(folder, isSource))]);
    },
    isDone: () => existsSync(join(root, 'dist', 'engine', 'main.js')),
    perform: compile,
  },
  bundled: {
    // Of what is compiled; and V8's code is of one Node alone.
    state: () =>
      hashOf([process.version, steps.packages.state(), steps.compiled.state(), bundler()]),
    isDone: () => existsSync(join(root, 'dist', 'bundle', 'command.js.cache')),
    perform: async () => {
      const code = await run(process.execPath, [join(root, 'engine', 'bundle.mjs')]);
      if (code !== 0) throw new SetupError('the bundle was not made; see above');
    },
  },
  addon: {
    state: () => {
      const isInput = (/** @type {string} */ name) => /\.(rs|toml|lock|mjs)$/.test(name);
      return hashOf([fingerprint('native', isInput), findCargo() ?? 'no cargo']);
    },
    isDone: () => true,
    perform: buildAddon,
  },
};

/** @param {keyof typeof steps} name */
function isDue(name) {
  const { state, isDone } = steps[name];
  return readStamps()[name] !== state() || !isDone();
}

/** @param {keyof typeof steps} name */
async function performIfDue(name) {
  if (!isDue(name)) return;
  // Taken before: what changes meanwhile is due again.
  const state = steps[name].state();
  await steps[name].perform();
  writeStamp(name, state);
}

async function setUp() {
  const names = /** @type {(keyof typeof steps)[]} */ (Object.keys(steps));
  if (!names.some(isDue)) return;
  const release = await holdSetupLock(root, say);
  try {
    // Each asks anew: another setup may have done it all while this one waited.
    const outcomes = await Promise.allSettled([
      performIfDue('packages').then(() => performIfDue('compiled')),
      // Takes as long as all the rest on a fresh machine, and needs nothing of it.
      performIfDue('addon'),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    await performIfDue('bundled');
  } finally {
    release();
  }
}

async function main() {
  checkNode();
  const [name = '', ...rest] = process.argv.slice(2);
  const program = programs[/** @type {keyof typeof programs} */ (name)];
  if (program === undefined) {
    throw new SetupError(`give one of ${Object.keys(programs).join(', ')}`);
  }
  await setUp();
  const file = join(root, program.file);
  // In this process: signals and the exit code are the program's own.
  process.argv = [process.execPath, file, ...program.words, ...rest];
  await import(pathToFileURL(file).href);
}

main().catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exit(1);
});
