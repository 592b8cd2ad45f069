/** Kafka reads the embedded log's files, and the embedded log reads Kafka's; no broker of ours is involved. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordCount } from '../../../engine/protocol/kafka/record-batch.js';
import { createSyncer } from '../../../native/index.js';
import { compactSegments } from '../../../workers/log/embedded/compact.js';
import { nodeDisk } from '../../../workers/log/embedded/disk.js';
import type { EmbeddedLog } from '../../../workers/log/embedded/embedded-log.js';
import { type KafkaHome, startKafka } from '../../peers/kafka.js';
import { codecs } from '../../workers/log/batches.js';
import { openTestLog } from '../../workers/log/embedded/open-test-log.js';
import { flushed, readAll } from '../../workers/log/read-log.js';
import { append } from '../../workers/log/session.js';
import { freePort } from '../broker.js';
import type { Scenario } from './scenario.js';

const timeoutMs = 120_000;
const client = 'kafka-files';
/** Per compression. */
const producedRecords = 3_000;
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
/** What the tool says of anything that does not fit. */
const complaint = /mismatch|not found|out of order|isvalid: false|exception|error/i;

/** Every file of a partition, read by Kafka's own tool with all its checks. */
async function dump(kafka: KafkaHome, dir: string): Promise<string> {
  const names = readdirSync(dir).filter((name) =>
    /^\d+\.(log|index|timeindex|snapshot)$/.test(name),
  );
  const files = names.map((name) => join(dir, name)).join(',');
  const text = await kafka.tool('DumpLogSegments', ['--files', files, '--deep-iteration'], {
    timeoutMs,
    merge: true,
  });
  const line = text.split('\n').find((one) => complaint.test(one));
  if (line !== undefined) throw new Error(`DumpLogSegments of ${dir}: ${line}`);
  return text;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function expectCount(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`${found} ${what} instead of ${wanted}`);
}

async function within(run: (dir: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'kopje-files-'));
  try {
    await run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Segments, indexes, snapshots, an epoch for each of two openings, every compression; then compacted. */
async function kafkaReadsOurs(kafka: KafkaHome, dir: string): Promise<void> {
  const syncer = createSyncer();
  const disk = nodeDisk(syncer);
  const config = { segmentBytes: 30_000, cleanupCompact: true, minCleanableDirtyRatio: 0 };
  let log: EmbeddedLog | null = null;
  for (let opening = 0; opening < 2; opening++) {
    const recoveryPoint = log?.recoveryPoint ?? 0;
    ({ log } = await openTestLog({ disk, dir, config, recoveryPoint, takeSnapshot }));
    for (let i = 0; i < 400; i++) {
      const records = Array.from({ length: 1 + (i % 5) }, (_, j) => ({
        timestamp: 1_700_000_000_000 + 1_000 * i + j,
        key: `key ${(7 * i + j) % 50}`,
        value: (i + j) % 11 === 0 ? null : `value ${i}`,
      }));
      append(log, records, {
        compression: i % 5,
        producerId: 7,
        producerEpoch: 1,
        baseSequence: i,
      });
    }
    await log.close();
  }
  const before = await dump(kafka, dir);
  expectCount('sound batches', count(before, 'isvalid: true'), 800);
  expectCount('batches of the second epoch', count(before, 'partitionLeaderEpoch: 1'), 400);

  ({ log } = await openTestLog({ disk, dir, config, cleanShutdown: true, takeSnapshot }));
  const plan = log.planCompaction(Date.now(), log.stableEndOffset);
  if (plan === null) throw new Error('nothing to compact');
  log.applyCompaction(plan, compactSegments(plan, disk, codecs));
  const batches = readAll(log).length;
  await log.close();
  syncer.close();
  const after = await dump(kafka, dir);
  expectCount('sound batches after the compaction', count(after, 'isvalid: true'), batches);
  if (!/deleteHorizonMs: OptionalLong\[\d+\]/.test(after)) throw new Error('no delete horizon');
}

function takeSnapshot(endOffset: number) {
  return [
    {
      producerId: 7,
      producerEpoch: 1,
      lastSequence: endOffset,
      lastOffset: endOffset - 1,
      offsetDelta: 0,
      timestamp: 1_700_000_000_000,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
    },
  ];
}

/** A partition of a broker that was stopped, and a copy taken while it ran, as a crash would leave it. */
async function weReadKafkas(kafka: KafkaHome, root: string): Promise<void> {
  const dataDir = join(root, 'kafka');
  const broker = await startKafka(kafka, {
    port: await freePort(),
    dataDir,
    heap: '256m',
    properties: ['log.segment.bytes=1048576'],
  });
  const partition = join(dataDir, 'logs', 'adopt-0');
  const crashed = join(root, 'adopt-0');
  try {
    for (const compression of compressions) {
      await kafka.tool(
        'ProducerPerformance',
        [
          ...['--topic', 'adopt', '--num-records', String(producedRecords), '--record-size', '300'],
          ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${broker.bootstrap}`],
          `compression.type=${compression}`,
        ],
        { timeoutMs, merge: true },
      );
    }
    cpSync(partition, crashed, { recursive: true });
  } finally {
    await broker.stop();
  }
  const wanted = compressions.length * producedRecords;
  for (const [dir, cleanShutdown] of [
    [partition, true],
    [crashed, false],
  ] as const) {
    const { log, told } = await openTestLog({ dir, cleanShutdown });
    const records = readAll(log).reduce((sum, batch) => sum + recordCount(batch, 0), 0);
    expectCount(`records of ${dir}`, records, wanted);
    expectCount(`as the end of ${dir}`, log.logEndOffset, wanted);
    const producers = new Set([
      ...told.snapshot.map(({ producerId }) => producerId),
      ...told.replayed.map(([, producerId]) => producerId),
    ]);
    expectCount('producers', producers.size, compressions.length);
    append(log, [{ timestamp: Date.now(), value: 'ours' }]);
    if ((await flushed(log)) !== null) throw new Error('a flush failed');
    await log.close();
    await dump(kafka, dir);
    const epochs = readFileSync(join(dir, 'leader-epoch-checkpoint'), 'utf8');
    if (epochs !== `0\n2\n0 0\n1 ${wanted}\n`) throw new Error(`epochs ${epochs}`);
  }
}

export function kafkaFileScenarios(kafka: KafkaHome): Scenario[] {
  return [
    {
      client,
      title: 'DumpLogSegments of segments, indexes and snapshots, compacted ones as well',
      run: () => within((dir) => kafkaReadsOurs(kafka, join(dir, 't-0'))),
    },
    {
      client,
      title: 'a stopped and a crashed Kafka’s partition, adopted',
      run: () => within((root) => weReadKafkas(kafka, root)),
    },
  ];
}
