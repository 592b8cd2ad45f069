/** What a Kafka client is told of a partition, in both isolation levels. */
import { fetchExchange, listOffsetsExchange } from '../exchanges.js';
import type { RawClient } from '../raw-client.js';
import { type ReadBatch, type ReadRecord, readBatches } from '../workers/format/read-records.js';

const fetchVersion = 12;
const listOffsetsVersion = 7;
const latest = -1;
const earliest = -2;
const abortType = 0;

export interface PartitionAnswers {
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Of Fetch. */
  readonly lastStableOffset: number;
  /** Of ListOffsets with read_committed. */
  readonly latestCommitted: number;
  /** All records, whatever became of their transactions. */
  readonly records: readonly ReadRecord[];
  /** The ends of transactions. */
  readonly controls: readonly { readonly base: number; readonly pid: number }[];
  /** Of the first Fetch from the log start. */
  readonly aborted: readonly Aborted[];
  /** Offsets of the records that a read_committed consumer shows. */
  readonly committedOffsets: readonly number[];
}

interface Aborted {
  readonly producerId: number;
  readonly firstOffset: number;
}

interface Fetched {
  readonly batches: readonly ReadBatch[];
  readonly aborted: readonly Aborted[];
  readonly lastStableOffset: number;
  readonly highWatermark: number;
}

/** Asks for all there is. */
export async function describePartition(
  client: RawClient,
  topic: string,
  partition: number,
): Promise<PartitionAnswers> {
  const list = (timestamp: number, isolationLevel: number) =>
    listOffset(client, topic, partition, timestamp, isolationLevel);
  const logStartOffset = await list(earliest, 0);
  const highWatermark = await list(latest, 0);
  const all = await fetchAll(client, topic, partition, logStartOffset, 0);
  const committed = await fetchAll(client, topic, partition, logStartOffset, 1);
  const batches = all.flatMap((fetched) => fetched.batches);
  const isEnd = ({ control, pid }: ReadBatch) => control && pid >= 0;
  return {
    logStartOffset,
    highWatermark,
    lastStableOffset: committed[0]?.lastStableOffset ?? -1,
    latestCommitted: await list(latest, 1),
    records: recordsOf(batches, logStartOffset),
    controls: batches.filter(isEnd).map(({ base, pid }) => ({ base, pid })),
    aborted: committed[0]?.aborted ?? [],
    committedOffsets: committed.flatMap(committedIn).filter((offset) => offset >= logStartOffset),
  };
}

function recordsOf(batches: readonly ReadBatch[], logStartOffset: number): ReadRecord[] {
  return batches
    .filter(({ control }) => !control)
    .flatMap(({ records }) => records)
    .filter(({ offset }) => offset >= logStartOffset);
}

/** As a consumer does it: what it shows of one answer with read_committed. */
function committedIn({ batches, aborted }: Fetched): number[] {
  const waiting = [...aborted].sort((one, other) => one.firstOffset - other.firstOffset);
  const abortedNow = new Set<number>();
  const shown: number[] = [];
  for (const { last, control, txn, pid, records } of batches) {
    while (waiting[0] !== undefined && waiting[0].firstOffset <= last) {
      abortedNow.add((waiting.shift() as Aborted).producerId);
    }
    if (control) {
      const type = Buffer.from(records[0]?.key ?? '', 'base64').readInt16BE(2);
      if (type === abortType) abortedNow.delete(pid);
    } else if (!txn || !abortedNow.has(pid)) {
      shown.push(...records.map(({ offset }) => offset));
    }
  }
  return shown;
}

export async function listOffset(
  client: RawClient,
  name: string,
  partitionIndex: number,
  timestamp: number,
  isolationLevel: number,
): Promise<number> {
  const partitions = [{ partitionIndex, currentLeaderEpoch: -1, timestamp }];
  const request = { replicaId: -1, isolationLevel, topics: [{ name, partitions }] };
  const { topics } = await client.ask(listOffsetsExchange, request, listOffsetsVersion);
  const { errorCode = -1, offset = -1 } = topics[0]?.partitions[0] ?? {};
  if (errorCode !== 0) throw new Error(`ListOffsets of ${name}-${partitionIndex}: ${errorCode}`);
  return offset;
}

/** Fetches until an answer is empty. */
async function fetchAll(
  client: RawClient,
  topic: string,
  partition: number,
  startOffset: number,
  isolationLevel: number,
): Promise<Fetched[]> {
  const answers: Fetched[] = [];
  for (let fetchOffset = startOffset; ; ) {
    const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 50_000_000, sessionEpoch: -1 };
    const asked = { partition, fetchOffset, partitionMaxBytes: 1_000_000, ...noEpochs };
    const topics = [{ topic, partitions: [asked] }];
    const request = { replicaId: -1, isolationLevel, ...limits, topics };
    const { responses } = await client.ask(fetchExchange, request, fetchVersion);
    const answer = responses[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== 0) {
      throw new Error(`Fetch of ${topic}-${partition} at ${fetchOffset}: ${answer?.errorCode}`);
    }
    const { lastStableOffset, highWatermark, abortedTransactions } = answer;
    const records = Buffer.from((answer.records ?? new Uint8Array()) as Uint8Array);
    const batches = readBatches(records);
    const aborted = (abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
      producerId,
      firstOffset,
    }));
    answers.push({ batches, aborted, lastStableOffset, highWatermark });
    const last = batches.at(-1);
    if (last === undefined) return answers;
    fetchOffset = last.last + 1;
  }
}

const noEpochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, logStartOffset: -1 };
