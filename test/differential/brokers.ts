/** The two brokers to compare: those that were named, or fresh ones of this run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { startBroker } from '../../engine/broker.js';
import { defaultSettings } from '../../engine/config/schema.js';
import { prepareKafka, startKafka } from '../peers/kafka.js';
import { reservablePort } from '../peers/ports.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A broker and how to be rid of it. */
export interface Running {
  readonly address: Address;
  end(): Promise<void>;
}

const host = '127.0.0.1';
const closeMs = 2_000;

/** A broker that somebody else runs. @throws Error if the text is no HOST:PORT. */
export function named(text: string): Running {
  const match = /^(.+):(\d+)$/.exec(text);
  if (match === null) throw new Error(`--kopje and --kafka want HOST:PORT, not ${text}`);
  return { address: { host: match[1]!, port: Number(match[2]) }, end: async () => {} };
}

/** A Kopje in this process, on a port and in a directory of its own. */
export async function ownKopje(): Promise<Running> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kopje-differential-'));
  const broker = await startBroker(
    {
      ...defaultSettings(),
      kafkaListeners: [{ name: 'PLAINTEXT', host, port: 0 }],
      groupInitialRebalanceDelayMs: 0,
      dataDir,
      workers: 2,
    },
    pino({ level: 'silent' }),
  );
  return {
    address: { host, port: broker.listeners[0]?.port ?? 0 },
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
  const broker = await startKafka(home, { port, dataDir, heap: '512m' });
  return {
    address: { host, port },
    async end() {
      await broker.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
