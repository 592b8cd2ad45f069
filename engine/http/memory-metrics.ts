import { WorkerCounter, type WorkerCounterSlot } from '../../workers/ring/slots.js';
import type { CopyCounters } from '../listen/landing-slab.js';
import { FileReply } from '../reply/file-reply.js';
import type { Metric, Observed, Sample } from './metric.js';

/** Every place where payload bytes are copied or made anew, on their way in or out. */
interface CopySite {
  readonly help: string;
  read(observed: Observed): number;
}

const landingSite = (site: keyof CopyCounters, help: string): CopySite => ({
  help,
  read: ({ slab }) => slab.copies[site],
});

const workerSite = (slot: WorkerCounterSlot, help: string): CopySite => ({
  help,
  read: (observed) => sumOfWorkers(observed, slot),
});

export const copySites: Readonly<Record<string, CopySite>> = {
  scratch: landingSite('scratch', 'out of the buffer that quiet connections share'),
  moved_frame: landingSite('movedFrame', 'a partial request to where there is room for all of it'),
  parked: landingSite('parked', 'read before there was memory to land in'),
  coordinator: landingSite('coordinator', 'records of our own coordinators, both ways'),
  recompress: workerSite(
    WorkerCounter.recompress,
    'batches compressed anew for the topic’s compression.type',
  ),
  renumber: workerSite(WorkerCounter.renumber, 'batches whose records got new offsets'),
  encode: workerSite(WorkerCounter.encode, 'batches stored as Pulsar entries'),
  decode: workerSite(
    WorkerCounter.decode,
    'Pulsar entries read from the log, to make batches of them: those are `fetch_read`',
  ),
  cache: workerSite(WorkerCounter.cache, 'entries of Pulsar that are kept for readers'),
  fetch_read: workerSite(
    WorkerCounter.fetchRead,
    'batches read into memory because sendfile cannot send them, or they are few',
  ),
  paced: {
    help: 'pieces of a file read for a client that is slower than sendfile',
    read: () => FileReply.pacedBytes,
  },
  detail: workerSite(WorkerCounter.detail, 'what a worker tells of refused records'),
};

function sumOfWorkers({ pool }: Observed, slot: WorkerCounterSlot): number {
  let sum = 0;
  for (let worker = 0; worker < pool.workers; worker++) sum += pool.counter(worker, slot);
  return sum;
}

function* ofWorkers({ pool }: Observed, read: (worker: number) => number): Iterable<Sample> {
  for (let worker = 0; worker < pool.workers; worker++) {
    yield { labels: { worker }, value: read(worker) };
  }
}

const worker = 'number of the partition thread';

/** Bytes of records, the memory that they pass through, and the partition threads. */
export const memoryMetrics: readonly Metric[] = [
  {
    name: 'kopje_produce_bytes_total',
    type: 'counter',
    help: 'Record bytes that producers appended, as they sent them.',
    labels: {},
    read: (observed) => [{ value: sumOfWorkers(observed, WorkerCounter.produced) }],
  },
  {
    name: 'kopje_payload_copied_bytes_total',
    type: 'counter',
    help: 'Record bytes that were copied between socket and log; nearly none of those produced, none of those fetched by sendfile.',
    labels: { site: 'where; [see below](#copy-sites)' },
    *read(observed) {
      for (const [site, { read }] of Object.entries(copySites)) {
        yield { labels: { site }, value: read(observed) };
      }
    },
  },
  {
    name: 'kopje_landing_used_bytes',
    type: 'gauge',
    help: 'Memory that requests are read into, in use.',
    labels: { part: '`regions` of busy connections, or the `reserve` for small requests' },
    read: ({ slab }) => [
      { labels: { part: 'regions' }, value: slab.usedBytes - slab.reserveUsedBytes },
      { labels: { part: 'reserve' }, value: slab.reserveUsedBytes },
    ],
  },
  {
    name: 'kopje_landing_waiting_connections',
    type: 'gauge',
    help: 'Connections that are not read because that memory is spent.',
    labels: {},
    read: ({ slab }) => [{ value: slab.waiting }],
  },
  {
    name: 'kopje_reply_slab_used_bytes',
    type: 'gauge',
    help: 'Memory of fetched records in use.',
    labels: { worker },
    read: (observed) =>
      ofWorkers(observed, (index) => observed.pool.counter(index, WorkerCounter.replyUsed)),
  },
  {
    name: 'kopje_ring_depth',
    type: 'gauge',
    help: 'Operations in the ring that the partition thread has not taken.',
    labels: { worker },
    read: (observed) => ofWorkers(observed, (index) => observed.pool.thread(index).channel.depth),
  },
  {
    name: 'kopje_ring_outstanding',
    type: 'gauge',
    help: 'Operations that the partition thread has not answered.',
    labels: { worker },
    read: (observed) =>
      ofWorkers(observed, (index) => observed.pool.thread(index).channel.outstanding),
  },
  {
    name: 'kopje_worker_restarts_total',
    type: 'counter',
    help: 'Times that a partition thread died and was replaced.',
    labels: { worker },
    read: (observed) => ofWorkers(observed, (index) => observed.pool.restartsOf(index)),
  },
];
