/**
 * Builds the addon with cargo and puts it where the loader looks for it. Does nothing if the
 * sources have not changed since; without cargo it says so and ends well, since Kopje also runs
 * on the fallback codecs.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const crate = fileURLToPath(new URL('.', import.meta.url));
/** Cargo's own variable: several checkouts can share what is compiled of other crates. */
const target = process.env.CARGO_TARGET_DIR ?? join(crate, 'target');
const libraries = { darwin: 'libkopje_native.dylib', linux: 'libkopje_native.so' };

/** @param {string} line */
const say = (line) => process.stderr.write(`addon: ${line}\n`);

/** The name that `index.ts` looks for, too. */
function addonName() {
  let libc = '';
  if (process.platform === 'linux') {
    const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
      process.report.getReport()
    );
    if (report.header.glibcVersionRuntime === undefined) libc = '-musl';
  }
  return `kopje.${process.platform}-${process.arch}${libc}.node`;
}

/** A hash of everything that the build reads from here, and of the compiler's version. */
function inputsHash(rustc) {
  const hash = createHash('sha256').update(rustc);
  const sources = readdirSync(join(crate, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => join('src', name));
  for (const name of ['Cargo.toml', 'Cargo.lock', 'build.rs', ...sources.sort()]) {
    hash.update(`\n${name}\n`).update(readFileSync(join(crate, name)));
  }
  return hash.digest('hex');
}

function build() {
  const library = libraries[process.platform];
  if (library === undefined) {
    say(`no build for ${process.platform}; Kopje will use the fallback codecs`);
    return 0;
  }
  const rustc = spawnSync('rustc', ['--version', '--verbose'], { encoding: 'utf8' });
  const cargo = spawnSync('cargo', ['--version'], { encoding: 'utf8' });
  if (rustc.status !== 0 || cargo.status !== 0) {
    say('Rust is not installed (https://rustup.rs); Kopje will use the slower fallback codecs');
    return 0;
  }
  const addon = join(crate, addonName());
  const stamp = join(target, `${addonName()}.stamp`);
  const hash = inputsHash(rustc.stdout);
  if (existsSync(addon) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) {
    say('up to date');
    return 0;
  }
  say('building with cargo (about a minute the first time)');
  const started = performance.now();
  const built = spawnSync('cargo', ['build', '--release', '--locked', '--target-dir', target], {
    cwd: crate,
    // cargo's progress belongs on standard error, as all of Kopje's.
    stdio: ['ignore', 2, 2],
  });
  if (built.status !== 0) {
    say(`cargo failed (${built.signal ?? built.status}); see its messages above`);
    return 1;
  }
  // Renamed into place: a process that has the old file loaded keeps it.
  const fresh = join(target, addonName());
  copyFileSync(join(target, 'release', library), fresh);
  renameSync(fresh, addon);
  writeFileSync(stamp, hash);
  say(`built ${addonName()} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return 0;
}

process.exitCode = build();
