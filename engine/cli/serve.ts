/** `kopje serve`: runs a broker until a signal or a failure ends it. */
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Broker } from '../broker.js';
import { formatAddress, formatHost } from '../config/listener.js';
import { isOnPulsar } from '../config/pulsar-backend.js';
import type { Settings } from '../config/schema.js';
import { checkFileLimit } from './checks/file-limit.js';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.js';
import { createLogger } from './logger.js';
import { loadFromOptions, type SettingsOptions } from './options.js';

/** SIGTERM to exit, at most. */
const stopLimitMs = 10_000;
/** What the broker gets of it; the rest is for the process to end. */
const closeLimitMs = 9_000;
/** A start that is given up has nothing to save, and does not wait for a cluster that does not answer. */
const giveUpLimitMs = 1_000;

/** Throws SettingsError and whatever startBroker throws. */
export async function serve(options: SettingsOptions): Promise<ExitCode> {
  const { settings, notices } = await loadFromOptions(options);
  const log = await createLogger(settings.logLevel);
  for (const { where, message } of notices) log.warn({ where }, message);
  process.once('uncaughtException', (error) => {
    log.fatal({ err: error }, 'stopping: a fault that nothing caught');
    process.exit(exitCodes.unexpected);
  });
  const [{ startBroker }, { codecsNotice }] = await Promise.all([
    import('../broker.js'),
    import('../../native/index.js'),
  ]);
  const notice = codecsNotice();
  if (notice !== null) log.warn(notice);
  // Before the start, so that a signal during a long recovery is not lost.
  const stop = new Stop(log);
  const broker = await startedUnlessStopped(startBroker(settings, log, stop), stop, settings);
  if (broker === null) {
    stop.end();
    log.info('stopped before it served');
    return exitCodes.ok;
  }
  if (!stop.isAsked) process.stdout.write(readyLine(broker, settings));
  const short = await checkFileLimit(settings);
  if (short.level === 'problem') log.warn({ advice: short.advice }, `open files: ${short.text}`);
  const ended = await Promise.race([stop.asked, broker.failed]);
  if (ended instanceof Error) {
    log.fatal({ err: ended }, 'stopping: the broker failed');
    stop.begin();
  }
  await broker.close(closeLimitMs);
  stop.end();
  if (ended instanceof Error) return endOf(ended);
  log.info('stopped');
  return exitCodes.ok;
}

/** Null if it was asked to stop while it waited for a cluster, or for its turn: nobody was served yet. */
async function startedUnlessStopped(
  starting: Promise<Broker>,
  stop: Stop,
  settings: Settings,
): Promise<Broker | null> {
  // A start on local disk ends by itself, and is closed in order then.
  if (!isOnPulsar(settings)) return starting;
  starting.catch(() => undefined);
  const gaveUp = stop.asked.then(() => setTimeout(giveUpLimitMs, null, { ref: false }));
  try {
    return await Promise.race([starting, gaveUp]);
  } catch (error) {
    if ((error as Error).name === 'StartGivenUp') return null;
    throw error;
  }
}

function endOf(failure: Error): ExitCode {
  const code = exitCodeOf(failure);
  return code === exitCodes.unexpected ? exitCodes.failed : code;
}

/** The end of the process: asked for by a signal, and over after `stopLimitMs` come what may. */
class Stop {
  isAsked = false;
  readonly asked: Promise<NodeJS.Signals>;
  readonly #controller = new AbortController();
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
    this.asked = new Promise((resolve) => {
      const take = (signal: NodeJS.Signals) => {
        // Whoever asks twice does not want to wait.
        if (this.isAsked) this.#giveUp('asked to stop twice');
        this.isAsked = true;
        log.info({ signal }, 'stopping');
        this.begin();
        this.#controller.abort();
        resolve(signal);
      };
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, take);
    });
  }

  /** Aborts when it is asked for. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the clock. Referenced: it also keeps the process until the broker is closed. */
  begin(): void {
    this.#timer ??= globalThis.setTimeout(
      () => this.#giveUp(`did not stop within ${stopLimitMs} ms`),
      stopLimitMs,
    );
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #giveUp(reason: string): never {
    this.#log.error(`${reason}: giving up; the next start recovers what was not flushed`);
    process.exit(exitCodes.unexpected);
  }
}

/** The one line on standard output; what follows `kopje ready` is for people and scripts alike. */
function readyLine(broker: Broker, settings: Settings): string {
  const listeners = broker.listeners.map(
    ({ name, host, port, advertisedHost, advertisedPort }) =>
      `${name}://${formatHost(host)}:${port} ` +
      `(advertised ${formatHost(advertisedHost)}:${advertisedPort})`,
  );
  if (broker.httpAddress !== null) listeners.push(`http://${formatAddress(broker.httpAddress)}`);
  const { backend, durability, dataDir } = settings;
  const kept = isOnPulsar(settings) ? '' : ` durability=${durability} data=${dataDir}`;
  return `kopje ready ${listeners.join(' ')} backend=${backend}${kept}\n`;
}
