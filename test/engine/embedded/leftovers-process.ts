/**
 * Starts brokers, uses and closes them, and prints what it took and what is left: a process of its own, because memory,
 * threads and files are the process's. It ends by itself, or something is left.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Kopje, startKopje } from '../../../engine/embedded/start-kopje.js';
import { metadataExchange } from '../../exchanges.js';
import { RawClient } from '../../raw-client.js';
import { batchOf, createTopic, produce } from '../../whole/records.js';

/** What `leftovers.test.ts` reads from standard output. */
export interface Report {
  /** Ms from the call of `startKopje` to the answer of a Metadata request, of each start. */
  readonly startsMs: number[];
  /** CPU of this process for each of them, ms. */
  readonly startsCpuMs: number[];
  /** Of the process with all brokers at once, each having taken records. */
  readonly rssBytes: number;
  readonly before: Belongings;
  readonly after: Belongings;
}

/** What a process has that a broker could leave behind. */
interface Belongings {
  readonly threads: number;
  /** Where its file descriptors lead; those of the event loop and of the system have no number that matters. */
  readonly files: string[];
  readonly resources: string[];
  readonly listeners: Record<string, number>;
  readonly directories: string[];
}

const brokers = 20;

function belongings(): Belongings {
  const fds = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // The one that was open to read the directory.
    }
  });
  const events = process.eventNames().map(String);
  return {
    threads: readdirSync('/proc/self/task').length,
    files: fds
      .map((file) => file.replace(/\d+/g, 'N'))
      .filter((file) => file !== '')
      .sort(),
    resources: process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap'),
    listeners: Object.fromEntries(events.map((name) => [name, process.listenerCount(name)])),
    directories: readdirSync('/dev/shm').filter((name) => name.startsWith(`kopje-${process.pid}-`)),
  };
}

async function use(kopje: Kopje): Promise<void> {
  const client = await RawClient.connect(kopje.port);
  await createTopic(client, 'used', 4);
  for (let partition = 0; partition < 4; partition++) {
    await produce(client, 'used', partition, batchOf('value'));
  }
  client.close();
}

/** One start from the call to the first answer. */
async function start(startsMs: number[], startsCpuMs: number[]): Promise<Kopje> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const kopje = await startKopje();
  const client = await RawClient.connect(kopje.port);
  await client.ask(metadataExchange, { topics: null }, 4);
  startsMs.push(performance.now() - started);
  const { user, system } = process.cpuUsage(cpu);
  startsCpuMs.push((user + system) / 1000);
  client.close();
  return kopje;
}

function rssBytes(): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

// The first one makes the pools of the process: libuv's threads, the loader's, the addon's.
const first = await startKopje();
await use(first);
await first.close();
const before = belongings();
const startsMs: number[] = [];
const startsCpuMs: number[] = [];
const running: Kopje[] = [];
for (let count = 0; count < brokers; count++) {
  running.push(await start(startsMs, startsCpuMs));
}
await Promise.all(running.map(use));
const rss = rssBytes();
await Promise.all(running.map((kopje) => kopje.close()));
// Sockets tell of their end in the next turn.
await new Promise((resolve) => setImmediate(resolve));
const figures = { startsMs, startsCpuMs, rssBytes: rss };
const report: Report = { ...figures, before, after: belongings() };
process.stdout.write(`${JSON.stringify(report)}\n`);
