/** A broker whose log lines and metrics a test watches, and whose resources must all come back. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { startBroker } from '../../engine/broker.js';
import { defaultSettings, type Settings } from '../../engine/config/schema.js';
import { parseMetrics, returnedAtRest } from '../metrics.js';
import { RawClient } from '../raw-client.js';

/** Everything that a peer can hold, by the metrics that tell of it; those with a label are summed up. */
const held = [...returnedAtRest, 'kopje_groups'] as const;

export type Holdings = Record<(typeof held)[number] | 'fds', number>;

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly peer?: string;
  readonly [field: string]: unknown;
}

/** Between two looks at metrics, of whose return to a value there is no event. */
const lookEveryMs = 50;
/** A region goes back a second after its last use, closed sockets a little later. */
const settleTimeoutMs = 15_000;

/** What ends with a test, or with whatever else starts a broker. */
export interface Ending {
  teardown(end: () => unknown): unknown;
}

export class WatchedBroker {
  readonly port: number;
  readonly lines: readonly LogLine[];
  readonly #metricsUrl: string;

  private constructor(port: number, metricsUrl: string, lines: readonly LogLine[]) {
    this.port = port;
    this.#metricsUrl = metricsUrl;
    this.lines = lines;
  }

  /** Ends with the test, which fails if the broker says that anything went wrong inside it. */
  static async start(t: Ending, settings: Partial<Settings> = {}): Promise<WatchedBroker> {
    const dataDir = await mkdtemp(join(tmpdir(), 'kopje-hostile-'));
    const lines: LogLine[] = [];
    const log = pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) });
    const broker = await startBroker(
      {
        ...defaultSettings(),
        kafkaListeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 0 }],
        httpListener: { host: '127.0.0.1', port: 0 },
        dataDir,
        workers: 2,
        groupInitialRebalanceDelayMs: 0,
        ...settings,
      },
      log,
    );
    t.teardown(async () => {
      await broker.close(2_000);
      await rm(dataDir, { recursive: true, force: true });
    });
    const { host, port } = broker.httpAddress!;
    return new WatchedBroker(broker.listeners[0]!.port, `http://${host}:${port}/metrics`, lines);
  }

  /** A client that keeps to the protocol. */
  async connect(t: Ending): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    t.teardown(() => client.close());
    return client;
  }

  /** A peer that keeps to nothing. */
  peer(): Socket {
    return connect(this.port, '127.0.0.1').on('error', () => {});
  }

  /** Sends bytes as a peer of its own; resolves with all that was answered before the broker closed it. */
  async sayAndListen(bytes: Uint8Array): Promise<Buffer> {
    const socket = this.peer();
    socket.write(bytes);
    return answersUntilClosed(socket);
  }

  /** Lines of defects in the broker itself. */
  get errors(): readonly LogLine[] {
    return this.lines.filter(({ level }) => level >= 50);
  }

  async holdings(): Promise<Holdings> {
    const text = await (await fetch(this.#metricsUrl, { headers: { connection: 'close' } })).text();
    const metrics = parseMetrics(text);
    const sums = held.map((name): [string, number] => [name, metrics.get(name) ?? 0]);
    const fds = (await readdir('/proc/self/fd')).length;
    return { ...(Object.fromEntries(sums) as Omit<Holdings, 'fds'>), fds };
  }

  /** Waits until a metric has reached a value. */
  async untilHeld(name: keyof Holdings, value: number): Promise<void> {
    const deadlineMs = performance.now() + settleTimeoutMs;
    while ((await this.holdings())[name] < value) {
      if (performance.now() > deadlineMs) throw new Error(`${name} does not reach ${value}`);
      await delay(lookEveryMs);
    }
  }

  /** Waits, for a while, until something holds of which there is no event. */
  async until(holds: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + settleTimeoutMs;
    while (!holds() && performance.now() < deadlineMs) await delay(lookEveryMs);
  }

  /** Waits until nothing is held that was not at `before`; resolves with what still is. */
  async excess(before: Holdings): Promise<Partial<Holdings>> {
    const deadlineMs = performance.now() + settleTimeoutMs;
    for (;;) {
      const now = await this.holdings();
      const more = Object.entries(now).filter(([name, value]) => value > before[name as 'fds']);
      if (more.length === 0) return {};
      if (performance.now() > deadlineMs) return Object.fromEntries(more);
      await delay(lookEveryMs);
    }
  }
}

/** Closed, however: unlike `once`, without minding an error before it. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once('close', () => resolve()));
}

/** All bytes of a socket until it closes, however it does. */
export function answersUntilClosed(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  return new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(pieces))));
}
