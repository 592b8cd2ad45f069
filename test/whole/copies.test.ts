/** The zero-copy claim, measured from outside: how many record bytes a broker copies, by its own metric. */
import type { ChildProcess } from 'node:child_process';
import t, { type Test } from 'tap';
import { RawConnection } from '../../bench/load/kafka/raw-connection.js';
import {
  batchOf,
  createTopicRequest,
  fetchRequest,
  produceRequest,
  versions,
} from '../../bench/load/kafka/requests.js';
import { Reader } from '../../engine/protocol/kafka/reader.js';
import { loadFileSender } from '../../native/index.js';
import { ended, lineOf, start } from '../engine/cli/kopje.js';
import { fetchExchange, produceExchange } from '../exchanges.js';
import { headerBytesOf } from '../raw-client.js';

const topic = 'copies';
const partitions = 4;
const connections = 2;
const inFlight = 4;
const recordBytes = 1024;
const recordsPerBatch = 62;
const fetchBytes = 4 * 1024 * 1024;
/** Bytes that may be copied for each byte of records. */
const mostCopied = 0.05;

interface Counted {
  produced: number;
  fetched: number;
  /** Copied bytes by site. */
  readonly copied: Map<string, number>;
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  counted(): Promise<Counted>;
}

async function run(t: Test, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const settings = ['kafkaListeners=PLAINTEXT://127.0.0.1:0', 'httpListener=127.0.0.1:0'];
  const words = [...settings, 'workers=2', 'durability=os'].flatMap((one) => ['--set', one]);
  const child = start(['serve', ...words], { cwd: t.testdir({}), env });
  t.teardown(() => child.kill('SIGKILL'));
  const ready = await lineOf(child, /^kopje ready/);
  const [, port, http] = /127\.0\.0\.1:(\d+) .* http:\/\/(\S+)/.exec(ready) ?? [];
  return {
    child,
    port: Number(port),
    async counted() {
      const text = await (await fetch(`http://${http}/metrics`)).text();
      const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
      const sites = text.matchAll(/^kopje_payload_copied_bytes_total\{site="(\w+)"\} (\d+)$/gm);
      return {
        produced: value('kopje_produce_bytes_total'),
        fetched: value('kopje_fetch_bytes_total'),
        copied: new Map([...sites].map(([, site = '', bytes]) => [site, Number(bytes)])),
      };
    },
  };
}

/** Sends a request and resolves with the whole response. */
function ask(connection: RawConnection, frame: Uint8Array): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    connection.receive({
      bytes: (chunk) => void chunks.push(Buffer.from(chunk)),
      end: () => resolve(Buffer.concat(chunks)),
    });
    connection.send(frame);
  });
}

/** Requests of one batch for each partition, as the benchmark has them. */
function produceFrames(): Buffer[] {
  return Array.from({ length: 8 }, (_, request) => {
    const batches = Array.from({ length: partitions }, (_, partition) => ({
      partition,
      batch: batchOf(
        recordsPerBatch,
        recordBytes,
        (request * partitions + partition) * recordsPerBatch,
      ),
    }));
    return produceRequest(topic, -1, batches);
  });
}

/** Sends `count` requests, a few in flight; resolves when all are answered without an error. */
function produceAll(connection: RawConnection, frames: Buffer[], count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let body: Buffer[] = [];
    const send = () => connection.send(frames[sent++ % frames.length] as Buffer);
    connection.receive({
      bytes: (chunk) => void body.push(Buffer.from(chunk)),
      end: () => {
        const reader = new Reader(
          Buffer.concat(body),
          headerBytesOf(produceExchange, versions.produce),
        );
        body = [];
        const { responses } = produceExchange.decode(reader, versions.produce);
        const error = responses[0]?.partitionResponses.find(({ errorCode }) => errorCode !== 0);
        if (error) reject(new Error(`Produce was answered with error ${error.errorCode}`));
        if (++answered === count) resolve();
        else if (sent < count) send();
      },
    });
    while (sent < Math.min(inFlight, count)) send();
  });
}

/** Fetches a partition from its start to its end; returns the record bytes. */
async function fetchAll(connection: RawConnection, partition: number): Promise<number> {
  const { frame, offsetAt } = fetchRequest(topic, partition, fetchBytes);
  let [offset, sizeBytes] = [0, 0];
  for (;;) {
    frame.writeInt32BE(0, offsetAt);
    frame.writeInt32BE(offset, offsetAt + 4);
    const reader = new Reader(
      await ask(connection, frame),
      headerBytesOf(fetchExchange, versions.fetch),
    );
    const answer = fetchExchange.decode(reader, versions.fetch).responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) throw new Error('Fetch failed');
    const records = Buffer.from((answer.records ?? []) as Uint8Array);
    sizeBytes += records.length;
    for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) {
      if (records.readInt32BE(at + 4) !== offset) throw new Error('a batch is missing');
      offset += recordsPerBatch;
    }
    if (offset >= answer.highWatermark) return sizeBytes;
  }
}

/** Produces so many requests and fetches them back; returns what was counted before, between and after. */
async function load(t: Test, broker: Running, requests: number): Promise<Counted[]> {
  const open = () => RawConnection.open('127.0.0.1', broker.port);
  const clients = await Promise.all(Array.from({ length: connections }, open));
  await ask(clients[0] as RawConnection, createTopicRequest(topic, partitions, {}));
  const before = await broker.counted();
  const frames = produceFrames();
  await Promise.all(clients.map((client) => produceAll(client, frames, requests / connections)));
  const between = await broker.counted();
  const bytesOf = await Promise.all(
    clients.map(async (client, index) => {
      let sizeBytes = 0;
      for (let partition = index; partition < partitions; partition += connections) {
        sizeBytes = (await fetchAll(client, partition)) + sizeBytes;
      }
      return sizeBytes;
    }),
  );
  const fetched = sum(bytesOf);
  const after = await broker.counted();
  t.equal(fetched, between.produced, 'all that was produced came back');
  t.equal(after.fetched - between.fetched, fetched, 'the broker counted the same');
  for (const client of clients) client.close();
  // A stop would write everything to disk first.
  broker.child.kill('SIGKILL');
  await ended(broker.child);
  return [before, between, after];
}

/** Bytes copied between two counts, by site; sites without any are left out. */
function copied(from: Counted | undefined, to: Counted | undefined): Record<string, number> {
  const grown = [...(to?.copied ?? [])].map(([site, bytes]): [string, number] => [
    site,
    bytes - (from?.copied.get(site) ?? 0),
  ]);
  return Object.fromEntries(grown.filter(([, bytes]) => bytes !== 0));
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

t.test('hardly a byte that is produced is copied, and none that is fetched', async (t) => {
  const [before, between, after] = await load(t, await run(t), 440);
  const produced = between?.produced ?? 0;
  t.ok(produced > 100e6, `${produced} bytes were produced`);
  const incoming = copied(before, between);
  const share = sum(Object.values(incoming)) / produced;
  t.ok(share <= mostCopied, `${share} copied for each produced: ${JSON.stringify(incoming)}`);
  const { scratch, paced = 0, ...outgoing } = copied(between, after);
  t.ok((scratch ?? 0) < 100_000, 'the requests themselves are small');
  if (loadFileSender() === null) {
    t.strictSame(outgoing, { fetch_read: produced });
  } else {
    t.strictSame(outgoing, {});
    // Only where this process, on a busy machine, takes the bytes slower than they come.
    t.ok(paced <= mostCopied * produced, `${paced} bytes read because the client was slow`);
  }
});

t.test('without sendfile, records are read into memory once', async (t) => {
  const [, between, after] = await load(t, await run(t, { KOPJE_ADDON: 'off' }), 40);
  const { scratch, ...outgoing } = copied(between, after);
  t.ok((scratch ?? 0) < 100_000, 'the requests themselves are small');
  t.strictSame(outgoing, { fetch_read: between?.produced });
});
