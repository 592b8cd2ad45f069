/**
 * The zero-copy claim, measured twice: by the broker's own metric, and by a hook that wraps all that copies and holds
 * every place against the table of sites.
 */
import t, { type Test } from 'tap';
import type { RawConnection } from '../../bench/load/kafka/raw-connection.js';
import type { Compression } from '../../native/index.js';
import { loadFileSender } from '../../native/index.js';
import type { SiteCopies } from './copy-hook.js';
import { copySites } from './copy-sites.js';
import { type BrokerOptions, type Counted, HookedBroker } from './hooked-broker.js';
import { createTopic, fetchAll, produceAll, produceFrames } from './load.js';

const topic = 'copies';
const partitions = 4;
const shape = { topic, partitions, recordsPerBatch: 62, recordBytes: 1024 };
const connections = 2;
const inFlight = 4;
const requests = 60;
const fetchBytes = 4 * 1024 * 1024;
/** One copy of so much is of payload; so is what comes to this share of the load in smaller pieces. */
const payloadBytes = 4 * 1024;
const payloadShare = 0.01;
/** For each fetch the headers of a piece of the file are read, to find where it begins: that is no payload. */
const searchBytes = 8 * 1024;

interface Case {
  readonly name: string;
  readonly format: 'kafka' | 'mixed_kafka' | 'pulsar';
  readonly compression?: keyof typeof Compression;
  readonly env?: NodeJS.ProcessEnv;
  /** Other than the usual number: each record is a copy there. */
  readonly requests?: number;
  /** Bytes that may be copied for each byte of records that is produced, and for each that is fetched. */
  readonly most: { readonly produce: number; readonly fetch: number };
}

/** With the end of the last batch, which did not fit. */
const readOnce = 1.01;
const isSent = loadFileSender() !== null;
/** Without sendfile, records are read into memory once. */
const least = { produce: 0.05, fetch: isSent ? 0 : readOnce };

const cases: readonly Case[] = [
  { name: 'kafka', format: 'kafka', most: least },
  { name: 'kafka, lz4', format: 'kafka', compression: 'lz4', most: least },
  { name: 'mixed_kafka', format: 'mixed_kafka', most: least },
  // Entries are made and taken apart: once on the way in; read, and made into batches, on the way out.
  { name: 'pulsar', format: 'pulsar', requests: 30, most: { produce: 1.05, fetch: 2.05 } },
  {
    name: 'kafka, without the addon',
    format: 'kafka',
    env: { KOPJE_ADDON: 'off' },
    most: { produce: 0.05, fetch: readOnce },
  },
];

interface Copied {
  /** Bytes of batches that went through. */
  readonly sizeBytes: number;
  readonly requests: number;
  /** By the metric. */
  readonly counted: Readonly<Record<string, number>>;
  /** By the hook, all threads together. */
  readonly noted: readonly SiteCopies[];
}

type Broker = HookedBroker<SiteCopies[]>;

async function during(
  broker: Broker,
  work: () => Promise<Pick<Copied, 'sizeBytes' | 'requests'>>,
): Promise<Copied> {
  const before = await broker.counted();
  await broker.order('arm');
  const done = await work();
  const noted = (await broker.order('disarm')).flat();
  return { ...done, counted: grown(before, await broker.counted()), noted: merged(noted) };
}

/** Bytes copied between two counts, by site. */
function grown(from: Counted, to: Counted): Record<string, number> {
  const more = [...to.copied].map(([site, bytes]) => [site, bytes - (from.copied.get(site) ?? 0)]);
  return Object.fromEntries(more);
}

function merged(noted: readonly SiteCopies[]): SiteCopies[] {
  const sites = new Map<string, SiteCopies>();
  for (const { site, bytes, largestBytes } of noted) {
    const known = sites.get(site) ?? { site, bytes: 0, largestBytes: 0 };
    known.bytes += bytes;
    known.largestBytes = Math.max(known.largestBytes, largestBytes);
    sites.set(site, known);
  }
  return [...sites.values()];
}

/** Produces and fetches back what was produced. */
async function load(t: Test, one: Case) {
  const { format, compression, env } = one;
  const count = one.requests ?? requests;
  const options: BrokerOptions = { hook: 'copy-hook', ...(env && { env }) };
  const broker: Broker = await HookedBroker.start(t, options);
  const clients = await Promise.all(Array.from({ length: connections }, () => broker.connect()));
  await createTopic(clients[0]!, topic, partitions, { 'entry.format': format });
  const frames = produceFrames(shape, 8, compression);
  const produce = await during(broker, async () => {
    const share = count / connections;
    await Promise.all(clients.map((client) => produceAll(client, frames, share, inFlight)));
    return { sizeBytes: (await broker.counted()).produced, requests: count };
  });
  const fetch = await during(broker, () => fetchBack(clients));
  for (const client of clients) client.close();
  return { produce, fetch };
}

/** Each connection a share of the partitions, one after the other. */
async function fetchBack(clients: readonly RawConnection[]) {
  const shares = await Promise.all(
    clients.map(async (client, index) => {
      const fetches: { sizeBytes: number; requests: number }[] = [];
      for (let partition = index; partition < partitions; partition += clients.length) {
        fetches.push(await fetchAll(client, topic, partition, fetchBytes));
      }
      return fetches;
    }),
  );
  return {
    sizeBytes: sum(shares.flat().map((one) => one.sizeBytes)),
    requests: sum(shares.flat().map((one) => one.requests)),
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

/** What the load's own client makes of it: it is slow on a busy machine, and that is no cost of the broker's. */
const isPaced = (site: string) => copySites[site]?.counter === 'paced';

function hold(
  t: Test,
  what: string,
  { sizeBytes, requests: fetches, counted, noted }: Copied,
  most: number,
): void {
  const payload = noted.filter(
    ({ bytes, largestBytes }) => largestBytes >= payloadBytes || bytes >= payloadShare * sizeBytes,
  );
  const unknown = payload.filter(({ site }) => copySites[site] === undefined);
  t.strictSame(
    unknown.map(({ site, bytes }) => `${site}: ${bytes} of ${sizeBytes} bytes`),
    [],
    `${what}: all that copies payload is in test/counters/copy-sites.ts: spare the copy, or say there why it must be`,
  );
  const searched = fetches * searchBytes;
  const counts = payload.filter(
    ({ site, bytes }) =>
      !isPaced(site) && !(copySites[site]?.counter === 'decode' && bytes <= searched),
  );
  const share = sum(counts.map(({ bytes }) => bytes)) / sizeBytes;
  const list = counts.map(({ site, bytes }) => `${site} ${bytes}`).join(', ');
  t.ok(share <= most, `${what}: ${share.toFixed(4)} bytes copied a byte, at most ${most}: ${list}`);
  for (const [counter, bytes] of byCounter(counts)) {
    const off = Math.abs(bytes - (counted[counter] ?? 0)) / sizeBytes;
    const both = `${bytes} bytes by the hook, ${counted[counter]} by the broker`;
    t.ok(off <= 0.03, `${what}: the broker counts what is copied at ${counter}: ${both}`);
  }
}

function byCounter(copies: readonly SiteCopies[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { site, bytes } of copies) {
    const counter = copySites[site]?.counter;
    if (counter !== undefined) sums.set(counter, (sums.get(counter) ?? 0) + bytes);
  }
  return sums;
}

for (const one of cases) {
  t.test(one.name, async (t) => {
    const { produce, fetch } = await load(t, one);
    t.ok(produce.sizeBytes > 5e6, `${produce.sizeBytes} bytes were produced`);
    t.equal(fetch.sizeBytes, produce.sizeBytes, 'all that was produced came back');
    hold(t, 'produce', produce, one.most.produce);
    hold(t, 'fetch', fetch, one.most.fetch);
  });
}
