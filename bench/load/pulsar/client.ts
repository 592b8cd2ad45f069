import { openPulsarClient, type PulsarClient } from '../../../workers/log/pulsar/client.js';
import type { Address } from '../channel.js';

const operationTimeoutMs = 30_000;

/** Kopje's own client without Kopje: what Pulsar does by itself. */
export function clientOf(address: Address): PulsarClient {
  if (address.protocol !== 'pulsar') throw new Error('not the address of a Pulsar');
  const { serviceUrl, adminUrl } = address;
  return openPulsarClient({
    serviceUrl,
    adminUrl,
    authentication: { kind: 'none' },
    tls: { ca: null, verifiesHostname: true },
    operationTimeoutMs,
  });
}

/** The topics of the partitions. */
export function partitionsOf(topic: string, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => `${topic}-partition-${partition}`);
}
