/** The cluster that a real KoP left, with a Pulsar of its own on it, and what KoP served from it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
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
