import { openPulsarClient, type PulsarClient } from '../log/pulsar/client.js';
import type { PulsarAuthentication } from '../ring/control.js';

/** A Pulsar cluster. */
export interface Cluster {
  /** `pulsar://HOST:PORT[,HOST:PORT…]` or `pulsar+ssl://…`. */
  readonly serviceUrl: string;
  /** `http://HOST:PORT` or `https://…`, of the admin API. */
  readonly adminUrl: string;
  readonly authentication?: PulsarAuthentication;
  /** CA certificates in PEM; Node's own without. */
  readonly ca?: string;
  /** For every answer of a broker. */
  readonly operationTimeoutMs?: number;
}

const defaultTimeoutMs = 30_000;

/** Connects to nothing yet. Throws if the service URL is none. */
export function clientOf(cluster: Cluster): PulsarClient {
  const { serviceUrl, adminUrl, authentication = { kind: 'none' }, ca = null } = cluster;
  const { operationTimeoutMs = defaultTimeoutMs } = cluster;
  const tls = { ca, verifiesHostname: true };
  return openPulsarClient({
    serviceUrl,
    adminUrl,
    authentication,
    tls,
    operationTimeoutMs,
  });
}
