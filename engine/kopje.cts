#!/usr/bin/env node
/** The `kopje` command as users start it: all of it in one file, which is there much sooner than its modules. */
const lingerLimitMs = 500;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`kopje: needs Node 20.19 or newer, this is ${process.versions.node}\n`);
  process.exit(1);
}

const { join } = require('node:path') as typeof import('node:path');
const { loadCached } = require('./cached-script.cjs') as {
  loadCached(file: string): { exports: typeof import('./cli/program.js') };
};
const { run } = loadCached(join(__dirname, '..', 'bundle', 'command.js')).exports;

void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // Ends by itself once output is written; what a failed broker left open must not keep it.
  setTimeout(() => process.exit(), lingerLimitMs).unref();
});
