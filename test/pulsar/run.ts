/**
 * `npm run test:pulsar [-- WORDS]`: starts a real Pulsar and runs the test files of this folder against it, those
 * whose path contains one of the words if any are given. Ends with the line `N passed, N failed`.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Missing } from '../peers/programs.js';
import { freePort, preparePulsar, startPulsar } from '../peers/pulsar.js';
import { runFile } from '../runner/run-file.js';
import { bookieSettings, bookieUrlName } from './bookie.js';
import { rightsSettings } from './rights.js';

const fileTimeoutMs = 600_000;
const here = fileURLToPath(new URL('.', import.meta.url));

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs the files one after the other; returns what passed and what failed. */
async function runFiles(words: readonly string[]): Promise<{ passed: number; failed: number }> {
  const files = readdirSync(here)
    .filter((name) => name.endsWith('.test.js'))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  const total = { passed: 0, failed: 0 };
  for (const name of files) {
    const { passed, failed, failures, errorText } = await runFile(join(here, name), fileTimeoutMs);
    say(`${failed > 0 ? 'FAIL' : 'ok  '} ${name}  ${passed} passed, ${failed} failed`);
    for (const { path, detail } of failures) say(`  ✗ ${path}\n${detail}`);
    if (failed > 0 && errorText !== '') say(errorText);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}

async function main(words: readonly string[]): Promise<void> {
  let home: string;
  try {
    home = await preparePulsar();
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    say(`skipped: ${error.message}, and the tests with a real Pulsar need it`);
    say('0 passed, 0 failed');
    return;
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'kopje-pulsar-'));
  try {
    const bookiePort = await freePort();
    const settings = { ...rightsSettings, ...bookieSettings(bookiePort) };
    const pulsar = await startPulsar({ home, dataDir, settings });
    process.env[bookieUrlName] = `http://127.0.0.1:${bookiePort}`;
    process.env['KOPJE_TEST_PULSAR_URL'] = pulsar.serviceUrl;
    process.env['KOPJE_TEST_PULSAR_ADMIN_URL'] = pulsar.adminUrl;
    const { passed, failed } = await runFiles(words).finally(() => pulsar.stop());
    say(`${passed} passed, ${failed} failed`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
