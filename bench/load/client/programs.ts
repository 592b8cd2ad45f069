import { prepare } from '../../../test/clients/toolchains.js';
import { type KafkaHome, prepareKafka } from '../../../test/peers/kafka.js';
import type { ProduceShape } from '../channel.js';

/** Real clients that put a load on. */
export const clientNames = ['kafka-perf', 'librdkafka'] as const;
export type ClientName = (typeof clientNames)[number];

/** What a client does: without an end, or all records of the topic from its start. */
export type ClientWork = { does: 'produce' } | { does: 'fetch'; records: number };

/** How a real client is started. */
export interface ClientProgram {
  command(shape: ProduceShape, work: ClientWork): string[];
  /** Records that a line of its output says it has read since its start; null for other lines. */
  recordsIn(line: string): number | null;
}

/** What both of them are told, in the names that they share. */
const endless = 2 ** 40;
const lingerMs = 5;
const reportMs = 200;
const timeoutMs = 30_000;
/** Of a line with details: time, group, MB, MB/s, records. */
const recordsColumn = 4;

/** @throws Missing where this machine has not got it */
export async function prepareClient(name: ClientName): Promise<ClientProgram> {
  if (name === 'kafka-perf') return kafkaPerf(await prepareKafka());
  const { command } = await prepare('python');
  return {
    command: (shape, work) => [...command('load'), JSON.stringify(specOf(shape, work))],
    recordsIn: (line) => (line.startsWith('{') ? (JSON.parse(line) as Read).consumed : null),
  };
}

interface Read {
  consumed: number;
}

function specOf(shape: ProduceShape, work: ClientWork): object {
  const { topic, partitions, recordBytes, batchBytes, compression, acks } = shape;
  const bootstrap = bootstrapOf(shape);
  const told = { topic, partitions, recordBytes, batchBytes, compression, acks, lingerMs };
  return { bootstrap, ...told, reportMs, ...work };
}

function kafkaPerf(home: KafkaHome): ClientProgram {
  const toolOf = (name: string, shape: ProduceShape, words: readonly string[]): string[] => {
    const where = ['--bootstrap-server', bootstrapOf(shape), '--topic', shape.topic];
    return [...home.command(`org.apache.kafka.tools.${name}`), ...where, ...words];
  };
  return {
    command(shape, work) {
      if (work.does === 'produce') return toolOf('ProducerPerformance', shape, producing(shape));
      return toolOf('ConsumerPerformance', shape, [
        ...['--num-records', `${work.records}`, '--timeout', `${timeoutMs}`],
        ...['--show-detailed-stats', '--hide-header', '--reporting-interval', `${reportMs}`],
      ]);
    },
    recordsIn(line) {
      const cells = line.split(', ');
      const records = Number(cells[recordsColumn]);
      return cells.length > recordsColumn && Number.isInteger(records) ? records : null;
    },
  };
}

function producing({ recordBytes, batchBytes, compression, acks }: ProduceShape): string[] {
  const properties = [
    `batch.size=${batchBytes}`,
    `compression.type=${compression}`,
    `acks=${acks}`,
    `linger.ms=${lingerMs}`,
  ];
  return [
    ...['--num-records', `${endless}`, '--record-size', `${recordBytes}`, '--throughput', '-1'],
    ...['--command-property', ...properties],
  ];
}

function bootstrapOf({ address }: ProduceShape): string {
  if (address.protocol !== 'kafka') throw new Error('not the address of a Kafka broker');
  return `${address.host}:${address.port}`;
}
