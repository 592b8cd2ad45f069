/** A real Apache Pulsar standalone (broker, bookie, embedded metadata) from Maven artifacts. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runToEnd } from '../clients/process.js';
import { madeOnce } from './cache.js';
import { shortLived } from './kafka.js';
import { need } from './programs.js';
import type { ZooKeeper } from './zookeeper.js';

/** Holds the version of the distribution. */
const pulsarVersionFile = resolve('test', 'peers', 'pulsar-version');

const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
const startTimeoutMs = 300_000;

/** What Kopje needs of a broker: entries are numbered, and clients may see the number. */
const required = {
  brokerEntryMetadataInterceptors:
    'org.apache.pulsar.common.intercept.AppendIndexMetadataInterceptor',
  exposingBrokerEntryMetadataToClientEnabled: 'true',
  // A reader at the tail hears of an entry at once, not after up to 10 ms.
  managedLedgerNewEntriesCheckDelayInMillis: '0',
};

/**
 * Unpacks the distribution that Maven has (245 MB the first time), once; returns its directory.
 * @throws Missing when Java, Maven or tar is; Error when the artifact cannot be had.
 */
export async function preparePulsar(): Promise<string> {
  need('java', 'mvn', 'tar');
  const version = readFileSync(pulsarVersionFile, 'utf8').trim();
  return madeOnce('pulsar', [pulsarVersionFile], async (aside) => {
    const artifact = `org.apache.pulsar:pulsar-server-distribution:${version}:tar.gz:bin`;
    const goal = [
      copyGoal,
      `-Dartifact=${artifact}`,
      `-DoutputDirectory=${join(aside, 'archive')}`,
    ];
    await runToEnd(['mvn', '-q', '-B', '-ntp', ...goal], { timeoutMs: 900_000, merge: true });
    const [archive = ''] = readdirSync(join(aside, 'archive'));
    const unpack = ['tar', '-xzf', join(aside, 'archive', archive), '-C', aside];
    await runToEnd([...unpack, '--strip-components=1'], { timeoutMs: 300_000 });
  });
}

export interface PulsarOptions {
  /** What `preparePulsar` returned. */
  readonly home: string;
  /** Kept across starts; empty at the first. */
  readonly dataDir: string;
  /** Free ones, unless these are given. */
  readonly ports?: { readonly port: number; readonly httpPort: number };
  /** Keeps the metadata, so that the standalone may be killed; without it that is in `dataDir`. */
  readonly zooKeeper?: ZooKeeper;
  /** `512m` unless given. */
  readonly heap?: string;
  /** Is to be fast after minutes rather than soon: its start takes twice the processor time. */
  readonly livesLong?: boolean;
  /** More settings of broker.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Pulsar {
  /** `pulsar://HOST:PORT`. */
  readonly serviceUrl: string;
  /** `http://HOST:PORT`. */
  readonly adminUrl: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** With SIGKILL. */
  kill(): Promise<void>;
}

/** A data directory that another standalone left, which no Pulsar has been started on since. */
export interface PulsarArchive {
  /** A `.tar.zst` with `metadata` and `bookkeeper` in one folder. */
  readonly file: string;
  /** A Java program that writes the directory's new place into the bookie's cookie. */
  readonly relocate: string;
}

/** Unpacks an archive into `dataDir`, so that `startPulsar` starts on it. Throws Missing where Java, tar or zstd is. */
export async function unpackPulsarData(
  home: string,
  { file, relocate }: PulsarArchive,
  dataDir: string,
): Promise<void> {
  need('java', 'tar', 'zstd');
  mkdirSync(dataDir, { recursive: true });
  const unpack = ['tar', '--zstd', '-xf', file, '-C', dataDir, '--strip-components=1'];
  await runToEnd(unpack, { timeoutMs: 60_000 });
  const jars = join(home, 'lib', '*');
  await runToEnd(['java', '-cp', jars, relocate, dataDir], { timeoutMs: 120_000, merge: true });
}

/** Starts a standalone on ports of the loopback interface; resolves when it serves its default namespace. */
export async function startPulsar({
  home,
  dataDir,
  ports,
  zooKeeper,
  heap = '512m',
  livesLong = false,
  settings = {},
}: PulsarOptions): Promise<Pulsar> {
  const { port, httpPort } = ports ?? { port: await freePort(), httpPort: await freePort() };
  mkdirSync(dataDir, { recursive: true });
  const config = join(dataDir, 'standalone.conf');
  const own = {
    brokerServicePort: String(port),
    webServicePort: String(httpPort),
    bindAddress: '127.0.0.1',
    advertisedAddress: '127.0.0.1',
    listeningInterface: 'lo',
    allowLoopback: 'true',
    brokerDeleteInactiveTopicsEnabled: 'false',
  };
  const given = readFileSync(join(home, 'conf', 'standalone.conf'), 'utf8');
  writeFileSync(config, withSettings(given, { ...own, ...required, ...settings }));
  const log = openSync(join(dataDir, 'pulsar.log'), 'a');
  const child = spawn(join(home, 'bin', 'pulsar'), argumentsFor(config, dataDir, zooKeeper), {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      PULSAR_STANDALONE_CONF: config,
      PULSAR_LOG_DIR: join(dataDir, 'logs'),
      PULSAR_MEM: `-Xms${heap} -Xmx${heap} -XX:MaxDirectMemorySize=1g`,
      PULSAR_GC: '-XX:+UseParallelGC -XX:+PerfDisableSharedMem',
      ...(!livesLong && { PULSAR_EXTRA_OPTS: shortLived }),
      // Not empty: then it would log its collections.
      PULSAR_GC_LOG: ' ',
    },
  });
  closeSync(log);
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('close', () => process.off('exit', orphaned));
  const adminUrl = `http://127.0.0.1:${httpPort}`;
  await untilServing(child, adminUrl);
  return {
    serviceUrl: `pulsar://127.0.0.1:${port}`,
    adminUrl,
    pid: child.pid ?? 0,
    stop: () => ended(child, 'SIGTERM'),
    kill: () => ended(child, 'SIGKILL'),
  };
}

function argumentsFor(config: string, dataDir: string, zooKeeper?: ZooKeeper): string[] {
  const metadata =
    zooKeeper === undefined
      ? ['--metadata-dir', join(dataDir, 'metadata')]
      : ['--metadata-url', zooKeeper.url];
  const stores = [
    ...metadata,
    '--zookeeper-dir',
    join(dataDir, 'unused'),
    '--bookkeeper-dir',
    join(dataDir, 'bookkeeper'),
  ];
  // Without functions and their stream storage, which double the time to start.
  return ['standalone', '-nss', '-nfw', '-c', config, ...stores];
}

/** A config file with these settings. A key must not occur twice: the bookie takes that for a list. */
function withSettings(text: string, settings: Readonly<Record<string, string>>): string {
  const kept = text.split('\n').filter((line) => !((line.split('=', 1)[0] as string) in settings));
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return `${[...kept, ...lines].join('\n')}\n`;
}

export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => found(port));
    });
  });
}

/** The default namespace is made last, and listing its topics needs a broker that owns it. */
async function untilServing(child: ChildProcess, adminUrl: string): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await answers(`${adminUrl}/admin/v2/persistent/public/default`))) {
    if (child.exitCode !== null)
      throw new Error(`Pulsar ended with ${child.exitCode} at its start`);
    if (performance.now() > deadlineMs) {
      child.kill('SIGKILL');
      throw new Error(`Pulsar did not serve within ${startTimeoutMs} ms`);
    }
    await delay(200);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((done) => child.once('close', done));
  child.kill(signal);
  await closed;
}
