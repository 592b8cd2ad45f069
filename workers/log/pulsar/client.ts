import type { ConnectionOptions } from 'node:tls';
import type { PulsarBackend } from '../../ring/control.js';
import { PulsarAdmin } from './admin.js';
import { authenticationOf } from './authentication.js';
import { Connections } from './connections.js';
import { Lookup } from './lookup.js';
import { parseServiceUrl } from './service-url.js';

/** A thread's way to a Pulsar cluster: its connections, its lookups and its admin API. */
export interface PulsarClient {
  readonly connections: Connections;
  readonly lookup: Lookup;
  readonly admin: PulsarAdmin;
  close(): Promise<void>;
}

/** What is needed to reach a cluster. */
export type ClusterAccess = Pick<
  PulsarBackend,
  'serviceUrl' | 'adminUrl' | 'authentication' | 'tls' | 'operationTimeoutMs'
>;

/** Connects to nothing yet. Throws if the service URL is none. */
export function openPulsarClient(backend: ClusterAccess): PulsarClient {
  const { serviceUrl, adminUrl, operationTimeoutMs } = backend;
  const authentication = authenticationOf(backend.authentication);
  const tls = tlsOf(backend.tls);
  const connections = new Connections({ authentication, tls, operationTimeoutMs });
  const lookup = new Lookup(connections, parseServiceUrl(serviceUrl));
  const timeoutMs = operationTimeoutMs;
  const admin = new PulsarAdmin({ url: adminUrl, authentication, timeoutMs, tls });
  return {
    connections,
    lookup,
    admin,
    close() {
      admin.close();
      return connections.close();
    },
  };
}

function tlsOf({ ca, verifiesHostname }: PulsarBackend['tls']): ConnectionOptions {
  return {
    ...(ca !== null && { ca }),
    ...(!verifiesHostname && { checkServerIdentity: () => undefined }),
  };
}
