/** The Pulsar that `run.ts` started, as the tests in this folder find it. */
import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import { PulsarAdmin } from '../../workers/log/pulsar/admin.js';
import { noAuthentication } from '../../workers/log/pulsar/authentication.js';
import { openPulsarClient, type PulsarClient } from '../../workers/log/pulsar/client.js';
import { Connections } from '../../workers/log/pulsar/connections.js';
import { EpochCounters } from '../../workers/log/pulsar/epoch-counters.js';
import { Lookup } from '../../workers/log/pulsar/lookup.js';
import { parseServiceUrl } from '../../workers/log/pulsar/service-url.js';
import type { PulsarBackend } from '../../workers/ring/control.js';

/** A first topic on a cold broker takes seconds. */
const operationTimeoutMs = 30_000;

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run npm run test:pulsar`);
  return value;
}

export const serviceUrl = given('KOPJE_TEST_PULSAR_URL');
export const adminUrl = given('KOPJE_TEST_PULSAR_ADMIN_URL');

/** A topic that no other test has. */
export function newTopic(): string {
  return `persistent://public/default/${randomUUID()}`;
}

export const admin = new PulsarAdmin({
  url: adminUrl,
  authentication: noAuthentication,
  timeoutMs: operationTimeoutMs,
  tls: {},
});

/** A client of its own, that ends with the test. */
export function lookupOf(t: Test): Lookup {
  const connections = new Connections({
    authentication: noAuthentication,
    tls: {},
    operationTimeoutMs,
  });
  t.teardown(() => connections.close());
  return new Lookup(connections, parseServiceUrl(serviceUrl));
}

/** Where shared openings are counted. */
export function epochsOf(lookup: Lookup): EpochCounters {
  return new EpochCounters(lookup, admin, 'public/default');
}

export const backend: PulsarBackend = {
  kind: 'pulsar',
  serviceUrl,
  adminUrl,
  authentication: { kind: 'none' },
  tls: { ca: null, verifiesHostname: true },
  snapshotTopic: newTopic(),
  metadataNamespace: 'public/default',
  cacheBytes: 64 * 2 ** 20,
  kopCompatible: true,
  operationTimeoutMs,
};

/** All that the settings of a start give a thread. */
export function client(): PulsarClient {
  return openPulsarClient(backend);
}
