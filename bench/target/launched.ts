import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../load/channel.js';
import { metadataRequest } from '../load/kafka/requests.js';

/** A broker on empty storage that was started for one run. */
export interface Launched {
  readonly address: Address;
  readonly pid: number;
  /** From the start of its process to its first answer to Metadata. */
  readonly startMs: number;
  close(): Promise<void>;
}

/** A process, and when it was started, ms of `performance.now()`. */
interface Started {
  readonly pid: number;
  readonly spawnedAtMs: number;
}

const host = '127.0.0.1';
const retryMs = 3;
/** A connection that gets no answer for so long is given up. */
const attemptMs = 5_000;
const answerTimeoutMs = 90_000;
/** Of a Metadata v4 response: length, correlation id, throttle time. */
const brokerCountAt = 12;

/** Starts a broker on this port, asking it from the beginning on. */
export async function timed<Broker extends Started>(
  port: number,
  start: () => Promise<Broker>,
): Promise<{ broker: Broker; startMs: number }> {
  const asking = new AbortController();
  const answeredAtMs = firstMetadata(port, asking.signal);
  try {
    const broker = await start();
    return { broker, startMs: (await answeredAtMs) - broker.spawnedAtMs };
  } finally {
    asking.abort();
  }
}

/** When a broker is named in an answer; NaN if that takes too long, or nobody waits any more. */
async function firstMetadata(port: number, signal: AbortSignal): Promise<number> {
  const deadlineMs = performance.now() + answerTimeoutMs;
  while (!signal.aborted && performance.now() < deadlineMs) {
    if (await answersMetadata(port)) return performance.now();
    await sleep(retryMs);
  }
  return Number.NaN;
}

function answersMetadata(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (answers: boolean): void => {
      resolve(answers);
      socket.destroy();
    };
    socket.setTimeout(attemptMs, () => end(false));
    socket.once('connect', () => socket.write(metadataRequest()));
    socket.once('data', (bytes: Buffer) => {
      end(bytes.length >= brokerCountAt + 4 && bytes.readInt32BE(brokerCountAt) > 0);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => end(false));
  });
}
