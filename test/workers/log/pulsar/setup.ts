import type { Test } from 'tap';
import { noAuthentication } from '../../../../workers/log/pulsar/authentication.js';
import {
  type ConnectionSettings,
  PulsarConnection,
} from '../../../../workers/log/pulsar/connection.js';
import {
  type ConnectionDefaults,
  Connections,
} from '../../../../workers/log/pulsar/connections.js';
import type { FakeBroker } from './fake-broker.js';

export const defaults: ConnectionDefaults = {
  authentication: noAuthentication,
  tls: {},
  operationTimeoutMs: 5_000,
};

/** A connection that ends with the test. */
export async function connectionTo(
  t: Test,
  { address }: FakeBroker,
  changes: Partial<ConnectionSettings> = {},
): Promise<PulsarConnection> {
  const settings = { ...defaults, moved() {}, ...changes, address, proxyToBrokerUrl: null };
  const connection = await PulsarConnection.open(settings);
  t.teardown(() => connection.close());
  return connection;
}

/** Connections that end with the test. */
export function connectionsOf(t: Test): Connections {
  const connections = new Connections(defaults);
  t.teardown(() => connections.close());
  return connections;
}
