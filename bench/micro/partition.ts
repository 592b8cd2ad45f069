/** A partition with its log on disk, on this thread, for the programs that append to it and read from it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logConfig } from '../../test/workers/batch/log-config.js';
import type { EntryFormat } from '../../workers/format/entry-encoder.js';
import { type Machine, thisMachine } from '../../workers/machine.js';
import { openPartition } from '../../workers/partition/opening.js';
import type { Partition } from '../../workers/partition/partition.js';
import { AppendRequest } from '../../workers/partition/request.js';
import type { WorkerSettings } from '../../workers/ring/control.js';
import { batchOf } from '../load/kafka/requests.js';

export const maxInflatedBytes = 1 << 24;

/** Few enough bytes in a log that they stay in the page cache. */
export const smallLogConfig = logConfig({
  segmentBytes: 64 * 2 ** 20,
  retentionMs: -1,
  retentionBytes: 128 * 2 ** 20,
  fileDeleteDelayMs: 0,
});

export interface OwnPartition {
  readonly partition: Partition;
  readonly machine: Machine;
  close(): Promise<void>;
}

/** An empty one with `durability=os`, in a directory that goes with it. */
export async function openOwnPartition(entryFormat: EntryFormat): Promise<OwnPartition> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kopje-micro-'));
  const settings: WorkerSettings = {
    backend: { kind: 'embedded' },
    dataDir,
    storage: 'disk',
    durability: 'os',
    validateRecords: 'full',
    producerIdExpirationMs: 86_400_000,
    maxInflatedBytes,
  };
  const machine = thisMachine(settings);
  const partition = await openPartition(
    {
      slot: 0,
      generation: 1,
      topic: 'micro',
      topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
      partition: 0,
      config: { ...smallLogConfig, entryFormat },
      create: true,
      recoveryPoint: 0,
      logStartOffset: 0,
      cleanShutdown: false,
    },
    { settings, codecs: machine.codecs, disk: machine.disk, pulsar: null },
    {
      complete: ({ errorCode }) => {
        if (errorCode !== 0) throw new Error(`an append was answered with error ${errorCode}`);
      },
      offline: (fault) => {
        throw fault;
      },
      publish() {},
      report() {},
      arrived() {},
      compact() {},
      copied() {},
      now: Date.now,
    },
  );
  return {
    partition,
    machine,
    async close() {
      await partition.close();
      machine.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** Batches one after the other in one slab, as they land there, as requests that can be appended again and again. */
export function requestsOf(count: number, records: number, recordBytes: number): AppendRequest[] {
  const batches = Array.from({ length: count }, (_, index) =>
    batchOf(records, recordBytes, index * records),
  );
  const slab = new Uint8Array(
    new SharedArrayBuffer(batches.reduce((sum, batch) => sum + batch.length, 0)),
  );
  let end = 0;
  return batches.map((batch, index) => {
    const start = end;
    slab.set(batch, start);
    end += batch.length;
    return new AppendRequest(index, slab, start, end);
  });
}
