import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { FallbackSyncer } from '../../../native/fallback/fallback-syncer.js';
import { nodeDisk } from '../../../workers/log/embedded/disk.js';
import { openPartition } from '../../../workers/partition/opening.js';
import type { Partition } from '../../../workers/partition/partition.js';
import { AppendRequest } from '../../../workers/partition/request.js';
import { type BatchShape, buildBatch, codecs, defaultTimestamp } from '../batch/build-batch.js';
import { logConfig } from '../batch/log-config.js';
import { embeddedSettings, openingOf } from './embedded-opening.js';

/** Opens the partition of a data directory on disk, and gives the means to append to it. */
async function open(dataDir: string, cleanShutdown: boolean) {
  const waiting = new Map<AppendRequest, () => void>();
  const syncer = new FallbackSyncer();
  const settings = embeddedSettings(dataDir);
  // Segments of a few batches, so that runs cross from one into the next.
  const config = logConfig({ segmentBytes: 700 });
  const opening = openingOf('topic', { config, cleanShutdown });
  const partition = await openPartition(
    opening,
    { settings, codecs, disk: nodeDisk(syncer), pulsar: null },
    {
      complete: (request) => waiting.get(request)?.(),
      publish() {},
      arrived() {},
      report() {},
      offline: (fault) => t.fail(fault.message),
      compact: () => {},
      copied() {},
      now: () => defaultTimestamp,
    },
  );
  const append = (shapes: BatchShape[]) => appendTogether(partition, waiting, shapes);
  const close = async () => {
    await partition.close();
    syncer.close();
  };
  return { partition, append, close };
}

/** Appends in one drain; resolves with error code and base offset of each. */
async function appendTogether(
  partition: Partition,
  waiting: Map<AppendRequest, () => void>,
  shapes: BatchShape[],
): Promise<[number, number][]> {
  const answers = shapes.map((shape) => {
    const bytes = buildBatch(shape);
    const request = new AppendRequest(0, bytes, 0, bytes.length);
    partition.enqueue(request);
    return new Promise<[number, number]>((resolve) => {
      waiting.set(request, () => resolve([request.errorCode, request.baseOffset]));
    });
  });
  partition.drain();
  return Promise.all(answers);
}

const three = Array.from({ length: 3 }, (_, index) => ({
  key: `k${index}`,
  value: 'x'.repeat(30),
}));

function batch(producerId: number, index: number): BatchShape {
  return { records: three, producerId, producerEpoch: 0, baseSequence: 3 * index };
}

for (const how of ['closed', 'killed'] as const) {
  t.test(`a partition that was ${how} knows its producers again`, async (t) => {
    const folder = t.testdir({ first: {}, second: {} });
    const first = await open(join(folder, 'first'), false);
    const batches = [0, 1, 2, 3, 4].flatMap((index) => [batch(1, index), batch(2, index)]);
    const answers = await first.append(batches);
    t.same(
      answers,
      batches.map((_, index) => [0, 3 * index]),
    );
    t.ok(
      readdirSync(join(folder, 'first', 'topic-0')).filter((file) => file.endsWith('.log')).length >
        2,
      'the run crossed several segments',
    );
    const epoch = first.partition.describe().leaderEpoch;
    // What a kill leaves behind is what is on disk while the partition is open.
    if (how === 'killed')
      cpSync(join(folder, 'first'), join(folder, 'second'), { recursive: true });
    await first.close();

    const again = await open(join(folder, how === 'killed' ? 'second' : 'first'), how === 'closed');
    t.match(again.partition.describe(), { logEndOffset: 30, highWatermark: 30, producers: 2 });
    t.ok(again.partition.describe().leaderEpoch > epoch, 'every opening has an epoch of its own');
    t.same(await again.append([batch(1, 4), batch(2, 4)]), [
      [0, 24],
      [0, 27],
    ]);
    t.same(await again.append([batch(1, 6), batch(1, 5), batch(2, 5)]), [
      [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1],
      [0, 30],
      [0, 33],
    ]);
    await again.close();
  });
}
