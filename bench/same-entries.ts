import { type ProduceShape, recordsPerBatch } from './load/channel.js';

/** About what stands beside a record in an entry. */
const bytesBesideRecord = { kafka: 9, pulsar: 30 } as const;

/**
 * The same load in entries of another size: Kopje may make one entry of several batches that wait together, and is to be
 * compared with a raw producer whose entries are as large. As many records are on their way as before.
 */
export function inEntriesOf(entryBytes: number | null, shape: ProduceShape): ProduceShape {
  const { recordBytes, batchBytes, connections, pace, entryFormat } = shape;
  if (entryBytes === null || !('inFlight' in pace)) return shape;
  const beside = bytesBesideRecord[entryFormat];
  const records = Math.max(1, Math.round(entryBytes / (recordBytes + beside)));
  const part = recordsPerBatch(recordBytes, batchBytes) / records;
  const sends = Math.max(1, Math.round(connections * pace.inFlight * part));
  const used = Math.min(connections, sends);
  return {
    ...shape,
    batchBytes: records * recordBytes,
    connections: used,
    pace: { inFlight: Math.max(1, Math.round(sends / used)) },
  };
}
