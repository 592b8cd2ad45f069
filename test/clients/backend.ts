/** Where the brokers of a run keep their records: in segments of their own, or in a real Pulsar. */

import { join } from 'node:path';
import { preparePulsar, startPulsar } from '../peers/pulsar.js';
import { type BrokerOptions, freePort } from './broker.js';

export const backendNames = ['embedded', 'pulsar'] as const;
export type BackendName = (typeof backendNames)[number];

/** Of what a topic can be set to take, without a limit of the backend's. */
export const largestRecordBytes = 12_000_000;

export interface Backend {
  /**
   * Formats of the topics that clients write for each other, in turn; of all others, and where there are none, the
   * format is the broker's default.
   */
  readonly entryFormats: readonly string[];
  /** Whether what is stored can be looked at in the files of Kafka's segments. */
  readonly hasSegments: boolean;
  readonly largestRecordBytes: number;
  /** Options of a broker that shares nothing with brokers of another name. */
  optionsOf(name: string): Promise<BrokerOptions>;
  close(): Promise<void>;
}

/** @throws Missing when there is no Java for Pulsar. */
export function openBackend(name: BackendName, directory: string): Promise<Backend> {
  return name === 'pulsar' ? inPulsar(directory) : Promise.resolve(inSegments(directory));
}

async function localOptions(directory: string, name: string): Promise<BrokerOptions> {
  const [dataDir, logFile] = [join(directory, name), join(directory, `${name}.log`)];
  return { dataDir, port: await freePort(), logFile };
}

function inSegments(directory: string): Backend {
  return {
    entryFormats: [],
    hasSegments: true,
    largestRecordBytes,
    optionsOf: (name) => localOptions(directory, name),
    close: async () => {},
  };
}

async function inPulsar(directory: string): Promise<Backend> {
  const pulsar = await startPulsar({
    home: await preparePulsar(),
    dataDir: join(directory, 'pulsar'),
  });
  return {
    // Most of them in the default, which is also what differs most from a batch.
    entryFormats: ['pulsar', 'kafka', 'pulsar', 'mixed_kafka'],
    hasSegments: false,
    // Pulsar's entries end at 5 MiB, with their metadata.
    largestRecordBytes: 5_000_000,
    async optionsOf(name) {
      const { status } = await fetch(`${pulsar.adminUrl}/admin/v2/namespaces/public/${name}`, {
        method: 'PUT',
      });
      if (status >= 300) throw new Error(`Pulsar answers ${status} to a new namespace ${name}`);
      const settings = [
        `backend=${pulsar.serviceUrl}`,
        `pulsarAdminUrl=${pulsar.adminUrl}`,
        `kafkaNamespace=${name}`,
        `kafkaMetadataNamespace=__kafka-${name}`,
      ];
      return { ...(await localOptions(directory, name)), settings };
    },
    close: () => pulsar.stop(),
  };
}
