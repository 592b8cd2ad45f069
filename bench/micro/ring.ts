/**
 * `npm run bench:micro -- ring`: one descriptor through a pair of rings and back, without a wake and with a partition
 * thread at the other end, one at a time and many together.
 */
import { WorkerPool } from '../../workers/pool/pool.js';
import { allocateBells } from '../../workers/ring/bell.js';
import { Channel, type Completable } from '../../workers/ring/channel.js';
import { allocateRing } from '../../workers/ring/ring.js';
import { WorkerEnd } from '../../workers/ring/worker-end.js';
import { time, timeAsync } from './time.js';

const ringSlots = 1024;
const many = 64;
const replyBytes = 1 << 20;
/** A partition that nobody opened: the thread refuses what it is asked without looking any further. */
const slot = 0;
const generation = 1;

/** Both ends on this thread: what the descriptors cost without a wake. */
function timeDescriptors(): void {
  const memory = {
    submissions: allocateRing(ringSlots),
    completions: allocateRing(ringSlots),
    replies: new SharedArrayBuffer(replyBytes),
  };
  const channel = new Channel(0, memory, new Int32Array(allocateBells(1)));
  const end = new WorkerEnd(memory);
  const owner: Completable = { completed() {} };
  time(
    `submit, take, complete and drain, ${many} at a time`,
    () => {
      for (let index = 0; index < many; index++) {
        channel.append(slot, generation, 0, 65_536, -1, false, owner, index);
      }
      for (let taken = end.take(); taken !== null; taken = end.take()) {
        end.complete(taken.token, 0, -1, 0, false, 1, -1, 0);
      }
      channel.drain();
    },
    { units: many },
  );
}

async function timeRoundTrips(): Promise<void> {
  const ignore = () => {};
  const pool = new WorkerPool(
    {
      workers: 1,
      ringSlots,
      replyBytesPerWorker: replyBytes,
      maxPartitions: 1,
      landing: new SharedArrayBuffer(0),
      settings: {
        backend: { kind: 'embedded' },
        dataDir: '',
        storage: 'memory',
        durability: 'os',
        validateRecords: 'full',
        producerIdExpirationMs: 1e9,
        maxInflatedBytes: 1 << 20,
      },
    },
    { down: ignore, up: ignore, notice: ignore, wake: ignore, exhausted: ignore },
  );
  await pool.start();
  const { channel } = pool.thread(0);
  const roundTrip = (count: number) =>
    new Promise<void>((resolve) => {
      let left = count;
      const owner: Completable = {
        completed() {
          if (--left === 0) resolve();
        },
      };
      for (let index = 0; index < count; index++) {
        channel.read(slot, generation, 0, 1, 0, owner, index);
      }
    });
  await timeAsync('round trip to a partition thread, one at a time', () => roundTrip(1));
  await timeAsync(`the same, ${many} at a time`, () => roundTrip(many), many);
  await pool.close();
}

timeDescriptors();
await timeRoundTrips();
