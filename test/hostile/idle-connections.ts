/**
 * `node dist/test/hostile/idle-connections.js [--connections N] [--seconds N]`: a broker in a process of its own,
 * N connections that have each sent ApiVersions, Metadata and a Fetch that waits, and 1 % that produce all the time.
 * Prints the latency of those, with and without the others, and the broker's memory for each idle connection.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, startKopje } from '../clients/broker.js';
import { type IdleOutcome, runIdleLoad } from './idle-load.js';

const usage = 'usage: node dist/test/hostile/idle-connections.js [--connections N] [--seconds N]';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(outcome: IdleOutcome, seconds: number): void {
  const { idle, busy, requests, p50Ms, p99Ms, worstMs, aloneP99Ms, bytesPerConnection } = outcome;
  say(`${idle} idle connections, ${busy} busy: ${Math.round(requests / seconds)} requests/s`);
  say(`p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, worst ${worstMs.toFixed(1)} ms`);
  say(`p99 without the idle ones ${aloneP99Ms.toFixed(1)} ms`);
  say(`${(bytesPerConnection / 1024).toFixed(1)} KiB of memory for each idle connection`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '20' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return;
  }
  const [connections, seconds] = [Number(values.connections), Number(values.seconds)];
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-idle-'));
  const port = await freePort();
  const settings = [`maxConnections=${connections + 100}`];
  const broker = await startKopje({ dataDir, port, logFile: join(dataDir, 'log'), settings });
  try {
    report(await runIdleLoad({ port, pid: broker.pid, connections, seconds }), seconds);
  } finally {
    await broker.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

await main();
