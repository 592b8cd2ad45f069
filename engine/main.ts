#!/usr/bin/env node
/** The `kopje` command from its modules, for tests and debuggers that look into them; `kopje.cts` is what users start. */
const lingerLimitMs = 500;
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`kopje: needs Node 20.19 or newer, this is ${process.versions.node}\n`);
  process.exit(1);
}

// Loaded only now: older Nodes fail to parse what follows.
const { run } = await import('./cli/program.js');
process.exitCode = await run(process.argv.slice(2));
// Ends by itself once output is written; what a failed broker left open must not keep it.
setTimeout(() => process.exit(), lingerLimitMs).unref();

export {};
