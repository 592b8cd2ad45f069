/**
 * `import { startKopje } from 'kopje'`: a broker inside the process that calls it, for test suites.
 * What it is made of is loaded while the caller's own modules load, not when a test waits for it.
 */
import pino from 'pino';
import type { Broker } from '../broker.js';
import { formatAddress } from '../config/listener.js';
import { SettingsError } from '../config/mistakes.js';
import { embeddedSettings, type KopjeOptions } from './options.js';
import { makePrivateDirectory, removePrivateDirectory } from './private-directory.js';

export { type KopjeOptions, SettingsError };

/** Most time that requests in flight and flushing get at a close. */
const closeLimitMs = 9_000;

const loading = import('../broker.js').then(async (parts) => {
  const storage = import('../catalog/embedded-storage.js');
  await Promise.all([parts.loadFront(), storage.then(({ loadCatalog }) => loadCatalog())]);
  return parts;
});
// Whoever starts a broker is told.
loading.catch(() => {});

/** A broker inside this process. */
export interface Kopje extends AsyncDisposable {
  /** `host:port`, as Kafka clients want it. */
  readonly bootstrapServers: string;
  /** Host and port of the first listener. */
  readonly host: string;
  readonly port: number;
  /** Where `/health`, `/ready` and `/metrics` are, `host:port`; null without the setting httpListener. */
  readonly httpAddress: string | null;
  /**
   * Answers what is in flight, closes every connection and log and ends the threads; nothing of the broker is left
   * when it resolves, but a `dataDir` that was given. Once, however often called.
   */
  close(): Promise<void>;
}

/**
 * Starts a broker in this process; it answers when this resolves. Options are the settings by name. Without `dataDir`
 * everything is in memory, and gone after `close`; without `kafkaListeners` it has a free port of 127.0.0.1;
 * without `logLevel` it logs nothing.
 *
 * Throws SettingsError, ListenError where an address is taken, DirectoryLocked where another broker has the `dataDir`.
 */
export async function startKopje(options: KopjeOptions = {}): Promise<Kopje> {
  const settings = embeddedSettings(options);
  const log = await loggerOf(options);
  const { startBroker } = await loading;
  if (options.dataDir !== undefined) {
    const broker = await startBroker(settings, log);
    return kopjeOf(broker, () => broker.close(closeLimitMs));
  }
  const dataDir = await makePrivateDirectory();
  try {
    const broker = await startBroker({ ...settings, dataDir }, log, { records: 'memory' });
    return kopjeOf(broker, async () => {
      await broker.close(closeLimitMs);
      await removePrivateDirectory(dataDir);
    });
  } catch (error) {
    await removePrivateDirectory(dataDir);
    throw error;
  }
}

async function loggerOf({ logLevel }: KopjeOptions): Promise<pino.Logger> {
  if (logLevel === undefined) return pino({ enabled: false });
  const { createLogger } = await import('../cli/logger.js');
  return createLogger(logLevel);
}

function kopjeOf({ listeners, httpAddress }: Broker, end: () => Promise<void>): Kopje {
  const [first] = listeners;
  if (first === undefined) throw new Error('a broker without a listener has started');
  const { advertisedHost: host, advertisedPort: port } = first;
  let ended: Promise<void> | null = null;
  const close = () => {
    ended ??= end();
    return ended;
  };
  return {
    bootstrapServers: formatAddress({ host, port }),
    host,
    port,
    httpAddress: httpAddress === null ? null : formatAddress(httpAddress),
    close,
    [Symbol.asyncDispose]: close,
  };
}
