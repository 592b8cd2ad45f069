/**
 * Tests with real Kafka clients in their own languages, against a Kopje in a process of its own.
 *
 *   node dist/test/clients/run.js [--bootstrap HOST:PORT] [--keep] [word ...]
 *
 * `--bootstrap` tests another broker instead, which shows whether a test itself is right; `--keep`
 * keeps data and logs. Names of clients and toolchains, `kcat`, `java-tools`, `kill`, `cut` and
 * `restart` choose these; another word chooses the scenarios whose title contains it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Missing } from '../peers/programs.js';
import { Runner } from './admin.js';
import { freePort, startKopje } from './broker.js';
import { Choice, makePlan } from './plan.js';
import { Report } from './report.js';
import type { Context } from './scenarios/scenario.js';
import { prepare, type Toolchain, type ToolchainName } from './toolchains.js';

/** Members of groups mostly wait, so more scenarios run at once than a small machine has cores. */
const parallelScenarios = 3;
const parallelWriters = 2;
const recordCount = 100_000;
const parallelInstalls = 2;

async function prepareAll(
  names: readonly ToolchainName[],
  report: Report,
): Promise<Map<ToolchainName, Toolchain>> {
  const ready = new Map<ToolchainName, Toolchain>();
  await report.each(parallelInstalls, names, async (name) => {
    const startedMs = performance.now();
    try {
      ready.set(name, await prepare(name));
      report.note(`${name} is ready after ${Math.round(performance.now() - startedMs)} ms`);
    } catch (error) {
      if (error instanceof Missing) report.skip(name, error.message);
      else report.fail(name, 'toolchain', error);
    }
  });
  return ready;
}

const { values, positionals } = parseArgs({
  options: { bootstrap: { type: 'string' }, keep: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const report = new Report();
const choice = new Choice(positionals, values.bootstrap === undefined);
const directory = mkdtempSync(join(tmpdir(), 'kopje-clients-'));
const toolchains = await prepareAll(choice.toolchains, report);
const dataDir = join(directory, 'data');
const logFile = join(directory, 'kopje.log');
const broker =
  values.bootstrap === undefined
    ? await startKopje({ dataDir, port: await freePort(), logFile })
    : undefined;
const bootstrap = values.bootstrap ?? broker?.bootstrap ?? '';
const started = `kopje ready after ${broker?.startMs} ms, log ${logFile}`;
report.note(broker === undefined ? bootstrap : started);
const runner = new Runner(bootstrap);
await runner.connect();
const context: Context = {
  runner,
  prefix: `t${Date.now().toString(36)}`,
  recordCount,
  baseTimestampMs: Date.now() - 3_600_000,
  ...(broker === undefined ? {} : { dataDir }),
};
const plan = makePlan(choice, context, toolchains, directory, report);
await report.each(parallelWriters, plan.writes, (scenario) => report.run(scenario));
await report.each(parallelScenarios, plan.rest, (scenario) => report.run(scenario));
await runner.close();
if (broker !== undefined) {
  const code = await broker.stop();
  if (code !== 0) report.fail('kopje', 'ends with 0 on SIGTERM', new Error(`ended with ${code}`));
}
const good = report.end();
if (good && !values.keep) rmSync(directory, { recursive: true, force: true });
process.exitCode = good ? 0 : 1;
