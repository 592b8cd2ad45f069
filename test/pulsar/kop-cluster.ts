/** The cluster that a real KoP left, with a Pulsar of its own on it, and what KoP served from it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
import { openPulsarClient } from '../../workers/log/pulsar/client.js';
import { EntryStream } from '../../workers/log/pulsar/entry-stream.js';
import { EntryOrder } from '../../workers/log/pulsar/positions.js';
import { lastDelivered } from '../../workers/log/pulsar/replay.js';
import { type KopRecord, recordsOfKop } from '../engine/coordinators/group/kop-decoder.js';
import { type Pulsar, preparePulsar, startPulsar, unpackPulsarData } from '../peers/pulsar.js';

const golden = resolve('test', 'golden', 'kop');

/** Starts Pulsar on what KoP left; both end with the test. */
export async function startOnKopData(t: Test): Promise<Pulsar> {
  const home = await preparePulsar();
  const dataDir = mkdtempSync(join(tmpdir(), 'kopje-kop-'));
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }));
  const file = join(golden, 'standalone-data.tar.zst');
  await unpackPulsarData(home, { file, relocate: join(golden, 'Relocate.java') }, dataDir);
  const pulsar = await startPulsar({ home, dataDir });
  t.teardown(() => pulsar.stop());
  return pulsar;
}

export interface KopOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

export interface KopGroup {
  readonly protocolType: string | null;
  readonly listed: boolean;
  readonly partition: number;
  readonly offsetFetch: { readonly error: number; readonly offsets: readonly KopOffset[] };
  readonly describe: {
    readonly error: number;
    readonly state: string;
    readonly protocolType: string;
  };
  /** Where KoP hung: what its log says. */
  readonly offsetsInLog?: readonly KopOffset[];
}

export function kopGroups(): Map<string, KopGroup> {
  const text = readFileSync(join(golden, 'groups.json'), 'utf8');
  return new Map(Object.entries(JSON.parse(text) as Record<string, KopGroup>));
}

/** Entries that Kopje wrote in the pulsar format have this property. */
const propertyOfKopje = 'kopje.batches';

/** What KoP's reader makes of what Kopje wrote to a topic. */
export async function kopRecordsOf(
  { serviceUrl, adminUrl }: Pulsar,
  topic: string,
): Promise<KopRecord[]> {
  const client = openPulsarClient({
    serviceUrl,
    adminUrl,
    authentication: { kind: 'none' },
    tls: { ca: null, verifiesHostname: true },
    operationTimeoutMs: 30_000,
  });
  try {
    const order = new EntryOrder((await client.admin.ledgers(topic)).ledgers);
    const { admin, lookup } = client;
    const { endOffset } = await lastDelivered({ admin, topic }, order, order.count, 0);
    const start = { offset: 0, after: { ledgerId: -1, entryId: -1 } };
    const records: KopRecord[] = [];
    await new Promise<void>((resolve, reject) => {
      EntryStream.open(lookup, topic, start, 2 ** 20, {
        entry(_base, next, view, from, end) {
          const entry = Buffer.from(view.subarray(from, end));
          if (entry.includes(propertyOfKopje)) records.push(...recordsOfKop(entry));
          if (next >= endOffset) resolve();
        },
        ended: reject,
      }).catch(reject);
    });
    return records;
  } finally {
    await client.close();
  }
}
