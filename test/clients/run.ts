/**
 * Tests with real Kafka clients in their own languages, against a Kopje in a process of its own.
 *
 *   node dist/test/clients/run.js [--backend pulsar] [--short] [--bootstrap HOST:PORT] [--keep] [word ...]
 *
 * `--backend pulsar` starts a real Pulsar and keeps all records there, `--short` leaves out what is nearly the same as another
 * scenario. `--bootstrap` tests another broker instead, which shows whether a test itself is right; `--keep`
 * keeps data and logs. Names of clients and toolchains, `kcat`, `java-tools`, `kill`, `cut` and
 * `restart` choose these; another word chooses the scenarios whose title contains it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Missing } from '../peers/programs.js';
import { Runner } from './admin.js';
import {
  type Backend,
  type BackendName,
  backendNames,
  largestRecordBytes,
  openBackend,
} from './backend.js';
import { startKopje } from './broker.js';
import { Choice, makePlan } from './plan.js';
import { Report } from './report.js';
import type { Context } from './scenarios/scenario.js';
import { prepare, type Toolchain, type ToolchainName } from './toolchains.js';

/** Members of groups mostly wait, so more scenarios run at once than a small machine has cores. */
const parallelScenarios = 3;
const parallelWriters = 2;
/** What each client writes; over Pulsar it is the same clients once more, so fewer do. */
const recordCounts: Record<BackendName, number> = { embedded: 100_000, pulsar: 20_000 };
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

/** The backend of the brokers that this run starts; none with `--bootstrap`. */
async function backendOf(name: BackendName, directory: string): Promise<Backend | undefined> {
  if (values.bootstrap !== undefined) return undefined;
  try {
    return await openBackend(name, directory);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    report.skip(name, error.message);
    report.end();
    process.exit(0);
  }
}

const { values, positionals } = parseArgs({
  options: {
    backend: { type: 'string', default: 'embedded' },
    bootstrap: { type: 'string' },
    short: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const backendName = backendNames.find((name) => name === values.backend);
if (backendName === undefined) throw new Error(`--backend is one of ${backendNames.join(', ')}`);
const report = new Report();
const directory = mkdtempSync(join(tmpdir(), 'kopje-clients-'));
const backend = await backendOf(backendName, directory);
const choice = new Choice(positionals, backend, values.short);
const toolchains = await prepareAll(choice.toolchains, report);
const options = await backend?.optionsOf('kopje');
const broker = options === undefined ? undefined : await startKopje(options);
const bootstrap = values.bootstrap ?? broker?.bootstrap ?? '';
const started = `kopje ready after ${broker?.startMs} ms, log ${options?.logFile}`;
report.note(broker === undefined ? bootstrap : started);
const runner = new Runner(bootstrap);
await runner.connect();
const context: Context = {
  runner,
  prefix: `t${Date.now().toString(36)}`,
  recordCount: recordCounts[backendName],
  transactions: backend === undefined,
  largestRecordBytes: backend?.largestRecordBytes ?? largestRecordBytes,
  entryFormats: backend?.entryFormats ?? [],
  baseTimestampMs: Date.now() - 3_600_000,
  ...(backend?.hasSegments && options !== undefined ? { dataDir: options.dataDir } : {}),
};
const plan = makePlan(choice, context, toolchains, backend, report);
await report.each(parallelWriters, plan.writes, (scenario) => report.run(scenario));
await report.each(parallelScenarios, plan.rest, (scenario) => report.run(scenario));
await runner.close();
if (broker !== undefined) {
  const code = await broker.stop();
  if (code !== 0) report.fail('kopje', 'ends with 0 on SIGTERM', new Error(`ended with ${code}`));
}
await backend?.close();
const good = report.end();
if (good && !values.keep) rmSync(directory, { recursive: true, force: true });
process.exitCode = good ? 0 : 1;
