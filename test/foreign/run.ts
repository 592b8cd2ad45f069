/** The test suites of real clients, each against a Kopje of its own; see `usage`. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, startKopje } from '../clients/broker.js';
import { Missing, need } from '../peers/programs.js';
import { type GoTestResult, runGoTests } from './go-test.js';
import { extendList, judge, readList } from './ratchet.js';
import { type Suite, suites } from './suites.js';

const usage = `npm run test:foreign [-- --update] [suite ...]

Runs the test suites of Go clients (${suites.map(({ name }) => name).join(', ')}) as their modules carry
them, without the tests that need no broker. Each has a list of tests that must pass, test/foreign/SUITE/must-pass.txt; a listed test that
does not pass fails the run. FINDINGS.md tells why others do not.

  --update  adds the tests that pass to the lists; it takes nothing out
`;
const suiteTimeoutMs = 300_000;
const folder = resolve('test', 'foreign');

const say = (line: string) => void process.stdout.write(`${line}\n`);
const indent = (text: string) => text.trimEnd().replace(/^/gm, '       ');

interface Counts {
  passed: number;
  failed: number;
}

/** As `go test -skip` takes it. */
function skipPattern({ name, leftOut }: Suite): string {
  const names = readList(readFileSync(join(folder, name, 'without-broker.txt'), 'utf8'));
  return [...leftOut.map(({ test }) => test), `^(${names.join('|')})$`].join('|');
}

async function runAgainstKopje(suite: Suite, directory: string): Promise<GoTestResult> {
  const broker = await startKopje({
    port: suite.port ?? (await freePort()),
    dataDir: join(directory, 'data'),
    logFile: join(directory, `${suite.name}.log`),
    settings: suite.settings,
  });
  const tests = runGoTests({
    package: suite.package,
    cwd: join(folder, suite.name),
    env: suite.environment(broker.bootstrap),
    skip: skipPattern(suite),
    timeoutMs: suiteTimeoutMs,
  });
  const [result] = await Promise.allSettled([tests]);
  const code = await broker.stop();
  if (result.status === 'rejected') throw result.reason;
  if (code !== 0) throw new Error(`kopje ended with ${code} on SIGTERM`);
  return result.value;
}

/** Holds the results against the list, and prints what differs. */
function compare(suite: Suite, result: GoTestResult, update: boolean): Counts {
  if (result.outcomes.size === 0) throw new Error(`no test was run\n${result.otherOutput}`);
  const file = join(folder, suite.name, 'must-pass.txt');
  const text = readFileSync(file, 'utf8');
  const passed = [...result.outcomes].filter(([, outcome]) => outcome === 'pass');
  for (const { test, why } of suite.leftOut) say(`     ${suite.name} without ${test}: ${why}`);
  const verdict = judge(readList(text), new Set(passed.map(([test]) => test)));
  for (const test of verdict.lost) {
    say(`FAIL ${suite.name} ${test}: ${result.outcomes.get(test) ?? 'was not run'}`);
    if (result.outputOf(test) !== '') say(indent(result.outputOf(test)));
  }
  if (verdict.lost.length > 0) say(`     beside the tests:\n${indent(result.otherOutput)}`);
  for (const test of verdict.gained) {
    say(`new  ${suite.name} ${test} passes and is ${update ? 'now' : 'not'} listed`);
  }
  if (update) writeFileSync(file, extendList(text, verdict.gained));
  return { passed: verdict.kept.length, failed: verdict.lost.length };
}

async function runSuite(suite: Suite, directory: string, update: boolean): Promise<Counts> {
  const startedMs = performance.now();
  try {
    const counts = compare(suite, await runAgainstKopje(suite, directory), update);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    const total = counts.passed + counts.failed;
    say(`     ${suite.name}: ${counts.passed} of ${total} that must pass, ${seconds} s`);
    return counts;
  } catch (error) {
    say(`FAIL ${suite.name}\n${indent(error instanceof Error ? error.message : String(error))}`);
    return { passed: 0, failed: 1 };
  }
}

function choose(names: readonly string[]): readonly Suite[] {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`no suite is called ${unknown.join(', ')}; see --help\n`);
    process.exit(2);
  }
  return suites.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Runs the suites side by side; each waits more than it works. */
async function runAll(chosen: readonly Suite[], update: boolean): Promise<Counts> {
  need('go');
  const total: Counts = { passed: 0, failed: 0 };
  const run = async (suite: Suite) => {
    const directory = mkdtempSync(join(tmpdir(), `kopje-${suite.name}-`));
    const { passed, failed } = await runSuite(suite, directory, update);
    total.passed += passed;
    total.failed += failed;
    rmSync(join(directory, 'data'), { recursive: true, force: true });
    if (failed === 0) rmSync(directory, { recursive: true });
    else say(`     log of the broker in ${directory}`);
  };
  await Promise.all(chosen.map(run));
  return total;
}

const { values, positionals } = parseArgs({
  options: { help: { type: 'boolean' }, update: { type: 'boolean', default: false } },
  allowPositionals: true,
});
if (values.help) {
  say(usage);
} else {
  const { passed, failed } = await runAll(choose(positionals), values.update).catch((error) => {
    if (!(error instanceof Missing)) throw error;
    say(`skip all: ${error.message}`);
    return { passed: 0, failed: 0 };
  });
  say(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
