/**
 * DescribeLogDirs (key 35), versions 1–5.
 *
 * The data directory with the sizes of its partitions (KIP-113), and how large and how empty its
 * file system is (KIP-827, version 4 on). Partitions that are offline, or asked for and unknown,
 * are left out, as in Kafka.
 * Absent: future logs of a move between directories, and cordoned directories (KIP-1066, version
 * 5): there is one directory.
 */
import type { Catalog } from '../catalog/catalog.js';
import type { Encodable } from '../protocol/kafka/encodable.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import {
  type DescribeLogDirsRequest,
  decodeDescribeLogDirsRequest,
  describeLogDirsRequestVersions,
} from '../protocol/kafka/messages/describe-log-dirs-request.js';
import {
  type DescribeLogDirsPartition,
  type DescribeLogDirsResponse,
  type DescribeLogDirsTopic,
  encodeDescribeLogDirsResponse,
} from '../protocol/kafka/messages/describe-log-dirs-response.js';
import type { PartitionRef } from '../route/partition-port.js';
import { unary } from './api.js';
import { portErrorCode } from './partition-lookup.js';
import type { Services } from './services.js';

export const describeLogDirs = unary<DescribeLogDirsRequest, DescribeLogDirsResponse>({
  key: describeLogDirsRequestVersions.apiKey,
  name: 'DescribeLogDirs',
  minVersion: 1,
  maxVersion: 5,
  flexibleFrom: describeLogDirsRequestVersions.flexibleFrom,
  authorization: 'cluster:describe',
  decode: decodeDescribeLogDirsRequest,
  encode: encodeDescribeLogDirsResponse,
  async answer(request, _context, services) {
    const topics = await Promise.all(
      refsOf(request, services).map(async ({ name, refs }) => ({
        name,
        partitions: (await Promise.all(refs.map((ref) => sizeOf(ref, services)))).flat(),
      })),
    );
    const shown = topics.filter(({ partitions }) => partitions.length > 0);
    return { results: [await describeDirectory(services.catalog, shown)] };
  },
});

function refsOf(
  { topics }: DescribeLogDirsRequest,
  { catalog }: Services,
): { name: string; refs: PartitionRef[] }[] {
  if (topics === null) {
    return [...catalog.topics()].map(({ name, partitions }) => ({ name, refs: [...partitions] }));
  }
  return topics.map(({ topic, partitions }) => {
    const known = catalog.topic(topic)?.partitions ?? [];
    const refs = [...new Set(partitions)].map((index) => known[index]);
    return { name: topic, refs: refs.filter((ref) => ref !== undefined) };
  });
}

/** Nothing for a partition that is, or goes, offline. */
async function sizeOf(
  ref: PartitionRef,
  { partitions }: Services,
): Promise<Encodable<DescribeLogDirsPartition>[]> {
  if (!ref.online) return [];
  try {
    const { sizeBytes } = await partitions.describe(ref);
    return [{ partitionIndex: ref.partition, partitionSize: sizeBytes, offsetLag: 0 }];
  } catch (error) {
    portErrorCode(error);
    return [];
  }
}

async function describeDirectory(
  catalog: Catalog,
  topics: Encodable<DescribeLogDirsTopic>[],
): Promise<Encodable<DescribeLogDirsResponse['results'][number]>> {
  const logDir = catalog.logDirectory;
  try {
    return { logDir, topics, ...(await catalog.logSpace()) };
  } catch {
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir, topics: [] };
  }
}
