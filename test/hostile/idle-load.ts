/** Ten thousand connections of which few do anything, and what those few notice. */
import { readFile } from 'node:fs/promises';
import { apiVersionsExchange, fetchExchange, metadataExchange } from '../exchanges.js';
import { frameOf, RawClient } from '../raw-client.js';
import { batchOf, createTopic, produce } from '../whole/records.js';

export interface IdleLoad {
  readonly port: number;
  /** Of the broker, to read its memory. */
  readonly pid: number;
  readonly connections: number;
  /** How long the busy ones are measured. */
  readonly seconds: number;
}

export interface IdleOutcome {
  readonly idle: number;
  readonly busy: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** The same 1 % alone, before the idle ones came. */
  readonly aloneP99Ms: number;
  /** Memory that the broker took for each idle connection. */
  readonly bytesPerConnection: number;
}

const busyShare = 0.01;
/** Connections that are being made at a time: below the listener's backlog. */
const openedAtOnce = 200;
/** Longer than any measurement: the Fetch of an idle connection waits all the time. */
const longPollMs = 2 ** 31 - 1;
const quietTopic = 'quiet';
const busyTopic = 'busy';
const busyPartitions = 10;

/** One that says hello as clients do, then waits for records that never come. */
async function idleConnection(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  await client.ask(apiVersionsExchange, { clientSoftwareName: 'x', clientSoftwareVersion: '1' }, 3);
  await client.ask(metadataExchange, { topics: [{ name: quietTopic }] }, 12);
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_048_576 }];
  const topics = [{ topic: quietTopic, partitions }];
  client.socket.write(
    frameOf(fetchExchange, { topics, maxWaitMs: longPollMs, minBytes: 1 }, 11, 9),
  );
  return client;
}

/** Produces a record and waits for its answer, again and again; collects how long each took. */
async function beBusy(client: RawClient, index: number, untilMs: number): Promise<number[]> {
  const batch = batchOf('x'.repeat(1_000));
  const timesMs: number[] = [];
  for (let now = performance.now(); now < untilMs; ) {
    const { errorCode } = await produce(client, busyTopic, index % busyPartitions, batch);
    if (errorCode !== 0) throw new Error(`Produce got error ${errorCode}`);
    const answered = performance.now();
    timesMs.push(answered - now);
    now = answered;
  }
  return timesMs;
}

async function measure(busy: readonly RawClient[], seconds: number): Promise<number[]> {
  const untilMs = performance.now() + seconds * 1_000;
  const times = await Promise.all(busy.map((client, at) => beBusy(client, at, untilMs)));
  return times.flat().sort((a, b) => a - b);
}

/** Runs the load against a broker that listens; closes all connections at the end. */
export async function runIdleLoad(load: IdleLoad): Promise<IdleOutcome> {
  const { port, connections, seconds } = load;
  const busyCount = Math.max(1, Math.round(connections * busyShare));
  const clients: RawClient[] = [];
  const open = async (count: number, make: () => Promise<RawClient>): Promise<RawClient[]> => {
    const made: RawClient[] = [];
    while (made.length < count) {
      const few = Math.min(openedAtOnce, count - made.length);
      made.push(...(await Promise.all(Array.from({ length: few }, make))));
    }
    clients.push(...made);
    return made;
  };
  try {
    const busy = await open(busyCount, () => RawClient.connect(port));
    await createTopic(busy[0] as RawClient, quietTopic, 1);
    await createTopic(busy[0] as RawClient, busyTopic, busyPartitions);
    // Warms up what is compiled and allocated once, which no idle connection is to be charged with.
    const alone = await measure(busy, seconds);
    const before = await rssBytes(load.pid);
    const idle = await open(connections - busyCount, () => idleConnection(port));
    const times = await measure(busy, seconds);
    const grown = (await rssBytes(load.pid)) - before;
    const closed = idle.filter(({ socket }) => socket.destroyed).length;
    if (closed > 0) throw new Error(`${closed} idle connections were closed`);
    return {
      idle: idle.length,
      busy: busyCount,
      requests: times.length,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
      worstMs: percentile(times, 1),
      aloneP99Ms: percentile(alone, 0.99),
      bytesPerConnection: Math.round(grown / idle.length),
    };
  } finally {
    for (const client of clients) client.close();
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function rssBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
