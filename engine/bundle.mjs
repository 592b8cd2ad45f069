/**
 * Makes `dist/bundle` of what is compiled: the `kopje` command and its threads, each as one file, with V8's code of
 * what a start runs. `npm start`, `npm run build` and so the package come through here; docs/decisions/0025 says why.
 */
import { execFile } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
/** A start that is only there to be remembered takes a second. */
const warmUpLimitMs = 60_000;
/** Metadata, version 1, of all topics. */
const metadataRequest = Buffer.from('0000000e0003000100000001ffffffffffff', 'hex');

/** By what each file of the bundle begins with; Piscina finds its thread's file by the name `worker.js`. */
const entries = {
  command: 'dist/engine/cli/program.js',
  jobs: 'dist/workers/jobs.cjs',
  worker: 'node_modules/piscina/dist/worker.js',
};

/** Packages that a start loads: their JavaScript becomes part of the bundle. */
const inlined = ['commander', 'lmdb', 'msgpackr', 'pino', 'piscina'];

/** Loaded by what goes in only if it is there: what it is for is not used here, or is there or not where Kopje runs. */
const absent = ['@napi-rs/nice', 'pulsar-client'];

/**
 * What modules ask instead of Node, so that they find what lies beside them: `moduleUrl` stands for `import.meta.url` in
 * ours, `packageFile` for `__filename` in a package that has a native file.
 */
const places = [
  "const moduleUrl = (path) => require('node:url').pathToFileURL(require('node:path').join(__dirname, '..', path)).href;",
  'const packageFile = (name) => require.resolve(name);',
].join('\n');

/** What of our modules has to be another in a bundle. @type {import('esbuild').Plugin} */
const adapted = {
  name: 'adapted',
  setup(build) {
    const dist = join(root, 'dist');
    build.onLoad({ filter: /[/\\]dist[/\\](engine|workers|native)[/\\].*\.c?js$/ }, ({ path }) => {
      const place = relative(dist, path);
      const text = readFileSync(path, 'utf8');
      // The threads' file is in the bundle, beside the command.
      if (place === join('workers', 'pool', 'jobs-file.js')) {
        return {
          contents: "export const jobsFile = require('node:path').join(__dirname, 'jobs.js');",
        };
      }
      const contents = text
        .replaceAll("createRequire(import.meta.url)('lmdb')", "require('lmdb')")
        .replaceAll('import.meta.url', `moduleUrl(${JSON.stringify(place)})`)
        // A CommonJS file waits for nothing while it loads; all that it could wait for is in it.
        .replace(/^(const .* )await import\(/m, '$1require(');
      return { contents };
    });
    build.onLoad({ filter: /[/\\]lmdb[/\\]dist[/\\]index\.cjs$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      return { contents: text.replaceAll('__filename', "packageFile('lmdb')") };
    });
    // It makes long texts quicker to read, of which there are none, and takes 10 ms to load.
    build.onResolve({ filter: /^msgpackr-extract$/ }, ({ path }) => ({ path, namespace: 'empty' }));
    // Commander wants it for commands that are programs of their own.
    build.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      /[/\\]commander[/\\]/.test(importer) ? { path, namespace: 'empty' } : null,
    );
    build.onLoad({ filter: /^/, namespace: 'empty' }, () => ({ contents: '' }));
  },
};

/** @param {string} outdir */
async function writeBundle(outdir) {
  const { build } = await import('esbuild');
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    banner: { js: places },
    plugins: [adapted],
    external: [...Object.keys(dependencies).filter((name) => !inlined.includes(name)), ...absent],
    // What stays outside is loaded by `require`: a script from a cache has no `import()`.
    supported: { 'dynamic-import': false },
    metafile: true,
    charset: 'ascii',
    logLevel: 'warning',
  });
  // The package's own modules are ES modules.
  writeFileSync(join(outdir, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(join(outdir, 'LICENSES.txt'), licensesOf(Object.keys(metafile.inputs)));
}

/** The licenses of the packages that went into a bundle. @param {readonly string[]} inputs */
function licensesOf(inputs) {
  const folders = inputs.flatMap((path) => {
    return /^(?!\w+:).*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [];
  });
  const texts = [...new Set(folders)].sort().map((folder) => {
    const read = (/** @type {string} */ file) => readFileSync(join(root, folder, file), 'utf8');
    const { name, version, author, license } = JSON.parse(read('package.json'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? `${license} (by ${author?.name ?? author})\n` : read(file);
    return `${name} ${version}\n\n${text}`;
  });
  return texts.join('\n----\n\n');
}

/**
 * Starts a broker of the bundle in this process, asks it what every client asks first, and keeps what V8 compiled for it.
 * @param {string} directory @param {string} dataDir
 */
async function keepCode(directory, dataDir) {
  const require = createRequire(import.meta.url);
  const { loadCached } = require('../dist/engine/cached-script.cjs');
  const file = join(directory, 'command.js');
  const { exports, script } = loadCached(file);
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (/** @type {string} */ line) => {
    const port = Number(/^kopje ready \S+:(\d+) /.exec(line)?.[1]);
    const socket = connect(port, '127.0.0.1', () => socket.write(metadataRequest));
    socket.once('data', () => {
      writeFileSync(`${file}.cache`, script.createCachedData());
      socket.destroy();
      process.kill(process.pid, 'SIGTERM');
    });
    return true;
  };
  const settings = [`dataDir=${dataDir}`, 'kafkaListeners=PLAINTEXT://127.0.0.1:0'];
  process.exitCode = await exports.run(['serve', ...settings.flatMap((text) => ['-s', text])]);
  process.stdout.write = write;
}

/** Makes the bundle aside, then puts it in place of the one before. */
export async function bundle() {
  const aside = join(root, 'dist', `.bundle-${process.pid}`);
  const data = mkdtempSync(join(tmpdir(), 'kopje-bundle-'));
  try {
    await writeBundle(aside);
    const words = [fileURLToPath(import.meta.url), '--keep-code', aside, data];
    await promisify(execFile)(process.execPath, words, { timeout: warmUpLimitMs });
    const place = join(root, 'dist', 'bundle');
    rmSync(place, { recursive: true, force: true });
    renameSync(aside, place);
  } finally {
    rmSync(aside, { recursive: true, force: true });
    rmSync(data, { recursive: true, force: true });
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [word, directory = '', dataDir = ''] = process.argv.slice(2);
  if (word === '--keep-code') await keepCode(directory, dataDir);
  else await bundle();
}
