import { kafkaTopics, type Target } from './target.js';

/** A broker that somebody else has started; without its process id only its throughput and times are known. */
export function remoteTarget(address: string, pid: number | undefined): Target {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon <= 0 || !Number.isInteger(port) || port <= 0) {
    throw new Error(`--target must be HOST:PORT, not '${address}'`);
  }
  return {
    name: address,
    pid: pid ?? null,
    behind: [],
    stored: null,
    isOnPulsar: false,
    // It is somebody else's to warm up.
    isJvm: false,
    entryFormat: 'kafka',
    ...kafkaTopics(address.slice(0, colon), port),
    launch: null,
    durable: null,
    close: () => Promise.resolve(),
  };
}
