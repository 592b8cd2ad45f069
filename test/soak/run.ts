/**
 * Soaks a real Kopje in a mixed load, again and again with a rest in between, and fails if anything stays behind: memory
 * of requests or replies that was not given back, or base lines that rise. `npm run test:soak -- --help`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Outcome, prepare, soak } from './soak.js';
import { type Holdings, SoakedBroker } from './soaked-broker.js';
import { leaksIn } from './verdict.js';

const help = `npm run test:soak -- [option ...]
  --minutes N   how long, rests included (60)
  --plant LEAK  a leak on purpose, which has to be found: slab, buffers, objects or files
  --help        this text
Needs Linux, for what /proc tells of the broker.
`;
const mebibyte = 2 ** 20;
/** Of a run: few enough that a stretch is long, and enough to tell a trend from a fluctuation. */
const leastStretches = 7;
const stretchMs = 30_000;
const mostStretches = 30;
/** On a machine so busy that the time is up already. */
const leastLoadMs = 1_000;
/** Of a stretch's time; what is left is for the rest after it. */
const loadShare = 0.8;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const columns: readonly [string, (outcome: Outcome) => number | string][] = [
  ['rss MiB', ({ holdings }) => (holdings.rssBytes / mebibyte).toFixed(1)],
  ['heap MiB', ({ holdings }) => (holdings.heapBytes / mebibyte).toFixed(2)],
  ['external', ({ holdings }) => (holdings.externalBytes / mebibyte).toFixed(2)],
  ['files', ({ holdings }) => holdings.files],
  ['threads', ({ holdings }) => holdings.threads],
  ['slab peak', peakMebibytes('kopje_landing_used_bytes')],
  ['reply peak', peakMebibytes('kopje_reply_slab_used_bytes')],
  ['ring peak', ({ peaks }) => peaks.get('kopje_ring_depth') ?? '?'],
  ['conns', ({ peaks }) => peaks.get('kopje_connections') ?? '?'],
  ['waits', ({ peaks }) => peaks.get('kopje_waiting_fetches') ?? '?'],
  ['produced', total('kopje_produce_bytes_total')],
  ['copied', total('kopje_payload_copied_bytes_total')],
];

function peakMebibytes(name: string) {
  return ({ peaks }: Outcome) => ((peaks.get(name) ?? Number.NaN) / mebibyte).toFixed(1);
}

function total(name: string) {
  return ({ metrics }: Outcome) => ((metrics.get(name) ?? Number.NaN) / mebibyte).toFixed(0);
}

function row(cells: readonly (number | string)[]): string {
  return cells.map((cell) => String(cell).padStart(10)).join('');
}

/** One after the other until the time is up; returns all that is wrong. */
async function run(broker: SoakedBroker, minutes: number): Promise<string[]> {
  const endMs = performance.now() + minutes * 60_000;
  const wanted = Math.floor((minutes * 60_000) / stretchMs);
  const stretches = Math.min(mostStretches, Math.max(leastStretches, wanted));
  const findings: string[] = [];
  const baseLines: Holdings[] = [];
  await prepare(broker.port);
  say(row(columns.map(([title]) => title)));
  for (let index = 0; index < stretches; index++) {
    const shareMs = (endMs - performance.now()) / (stretches - index);
    const outcome = await soak(broker, Math.max(leastLoadMs, shareMs * loadShare));
    say(row(columns.map(([, read]) => read(outcome))));
    for (const held of outcome.held)
      findings.push(`still held after stretch ${index + 1}: ${held}`);
    baseLines.push(outcome.holdings);
    if (index === stretches - 1)
      say([...outcome.done].map(([what, n]) => `${n} ${what}`).join(', '));
    // What is lost already will not be found any better.
    if (outcome.held.length > 0) return findings;
  }
  return [...findings, ...leaksIn(baseLines)];
}

/** Log lines of pino's level error and above; hostile peers and ends of connections are below it. */
function errorsIn(log: string): string[] {
  return log.split('\n').filter((line) => /"level":[56]0|^[^{]/.test(line));
}

async function main(): Promise<number> {
  const options = {
    minutes: { type: 'string', default: '60' },
    plant: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes: a number above 0, not ${values.minutes}`);
  const directory = mkdtempSync(join(tmpdir(), 'kopje-soak-'));
  const broker = await SoakedBroker.start(directory, values.plant);
  const findings: string[] = [];
  try {
    findings.push(...(await run(broker, minutes)));
    const code = await broker.stop();
    if (code !== 0) findings.push(`the broker ended with ${code}`);
  } catch (error) {
    findings.push(`the load failed: ${(error as Error).message}`);
    if (broker.end !== null) findings.push(`the broker ended with ${broker.end}`);
  } finally {
    broker.kill();
  }
  findings.push(...errorsIn(readFileSync(join(directory, 'broker.log'), 'utf8')));
  if (findings.length === 0 || values.plant !== '') rmSync(directory, { recursive: true });
  else say(`the broker's log and data are in ${directory}`);
  for (const finding of findings) say(`FAILED ${finding}`);
  say(`${findings.length === 0 ? 1 : 0} passed, ${findings.length} failed`);
  return findings.length === 0 ? 0 : 1;
}

// After a failure some of the load still waits for its answers.
process.exit(await main());
