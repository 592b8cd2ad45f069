/**
 * Runs compiled test files side by side, each in a process of its own, and ends with the line
 * `N passed, N failed`. Arguments: words that a file's path must contain (any of them).
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FileResult, runFile } from './run-file.js';

const testRoot = fileURLToPath(new URL('..', import.meta.url));
/** Left out unless named: they need other languages, root, a real Pulsar, or the network and minutes. */
const separateFolders = ['clients', 'checkout', 'disks', 'pulsar'];
const timeoutMs = 300_000;
const maxRunAgain = 3;

function testFiles(words: readonly string[]): string[] {
  const left = separateFolders
    .filter((folder) => !words.some((word) => word.startsWith(folder)))
    .map((folder) => join(testRoot, folder));
  return readdirSync(testRoot, { recursive: true, encoding: 'utf8' })
    .map((name) => join(testRoot, name))
    .filter((file) => file.endsWith('.test.js') && !left.some((folder) => file.startsWith(folder)))
    .filter(
      (file) => words.length === 0 || words.some((word) => relative(testRoot, file).includes(word)),
    )
    .sort();
}

/** `line` on standard output: this is what the run is for. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(result: FileResult): void {
  const { file, passed, failed, skipped, skips, failures, durationMs, errorText } = result;
  const counts = `${passed} passed${failed > 0 ? `, ${failed} FAILED` : ''}`;
  const skipCount = skipped > 0 ? `, ${skipped} skipped` : '';
  const mark = failed > 0 ? 'FAIL' : 'ok  ';
  say(`${mark} ${relative(testRoot, file)}  ${counts}${skipCount} (${Math.round(durationMs)} ms)`);
  for (const skip of skips) say(`  – skipped: ${skip}`);
  for (const { path, detail } of failures) say(`  ✗ ${path}\n${detail.replace(/^/gm, '    ')}`);
  if (failed > 0 && errorText !== '') say(errorText.replace(/^/gm, '    stderr: '));
}

async function runAll(files: readonly string[]): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const waiting = files[Symbol.iterator]();
  const lane = async () => {
    for (const file of waiting) {
      const result = await runFile(file, timeoutMs);
      report(result);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, lane));
  return results;
}

/**
 * Runs files that failed once more, with the machine to themselves: a time limit that was missed beside others is told,
 * and does not count. More than a few are not chance.
 */
async function runAgain(results: readonly FileResult[]): Promise<FileResult[]> {
  const failed = results.filter((result) => result.failed > 0);
  if (failed.length > maxRunAgain) return [...results];
  const second = new Map<string, FileResult>();
  for (const { file } of failed) {
    say(`again, alone: ${relative(testRoot, file)}`);
    const result = await runFile(file, timeoutMs);
    report(result);
    second.set(file, result);
  }
  return results.map((result) => second.get(result.file) ?? result);
}

const files = testFiles(process.argv.slice(2));
const first = await runAll(files);
const results = await runAgain(first);
const flaky = first.filter(({ failed }, index) => failed > 0 && results[index]?.failed === 0);
for (const { file } of flaky) say(`unsteady: ${relative(testRoot, file)} passed only alone`);
const total = (count: (result: FileResult) => number) =>
  results.reduce((sum, result) => sum + count(result), 0);
const failed = total((result) => result.failed);
const skipped = total((result) => result.skipped);
say(`${files.length} files${skipped > 0 ? `, ${skipped} skipped` : ''}`);
say(`${total((result) => result.passed)} passed, ${failed} failed`);
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;
