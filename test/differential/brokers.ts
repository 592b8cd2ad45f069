/** The two brokers to compare: those that were named, or fresh ones of this run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startBroker } from '../../engine/broker.js';
import { defaultSettings, type Settings } from '../../engine/config/schema.js';
import { prepareKafka, startKafka } from '../peers/kafka.js';
import { reservablePort } from '../peers/ports.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A broker and how to be rid of it. */
export interface Running {
  readonly address: Address;
  /** Stops it and starts it again with groups of one member at most; absent if it is somebody else's. */
  restart?(): Promise<void>;
  end(): Promise<void>;
}

const host = '127.0.0.1';
const closeMs = 2_000;
/** Of a group, after the restart. */
const mostMembers = 1;

/** A broker that somebody else runs. @throws Error if the text is no HOST:PORT. */
export function named(text: string): Running {
  const match = /^(.+):(\d+)$/.exec(text);
  if (match === null) throw new Error(`--kopje and --kafka want HOST:PORT, not ${text}`);
  return { address: { host: match[1]!, port: Number(match[2]) }, end: async () => {} };
}

/** A Kopje in this process, on a port and in a directory of its own. */
export async function ownKopje(): Promise<Running> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-differential-'));
  const port = await reservablePort();
  const start = (settings: Partial<Settings>) =>
    startBroker(
      {
        ...defaultSettings(),
        kafkaListeners: [{ name: 'PLAINTEXT', host, port }],
        groupInitialRebalanceDelayMs: 0,
        dataDir,
        workers: 2,
        ...settings,
      },
      pino({ level: 'silent' }),
    );
  let broker = await start({});
  return {
    address: { host, port },
    async restart() {
      await broker.close(closeMs);
      broker = await start({ groupMaxSize: mostMembers });
    },
    async end() {
      await broker.close(closeMs);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A Kafka from Maven artifacts. @throws Missing without Java or Maven. */
export async function ownKafka(): Promise<Running> {
  const home = await prepareKafka();
  const dataDir = await mkdtemp(join(tmpdir(), 'kafka-differential-'));
  const port = await reservablePort();
  const start = (properties: readonly string[]) =>
    startKafka(home, { port, dataDir, heap: '512m', properties });
  let broker = await start([]);
  return {
    address: { host, port },
    async restart() {
      await broker.stop();
      broker = await start([`group.max.size=${mostMembers}`]);
    },
    async end() {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
