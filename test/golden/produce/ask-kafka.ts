/**
 * Sends every produce case to a real Kafka and keeps what it answers:
 *
 *     node dist/test/golden/produce/ask-kafka.js 127.0.0.1:9092 test/golden/produce/answers.json
 */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { argv } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { encodeCreateTopicsRequest } from '../../../engine/protocol/kafka/messages/create-topics-request.js';
import { decodeCreateTopicsResponse } from '../../../engine/protocol/kafka/messages/create-topics-response.js';
import { encodeFetchRequest } from '../../../engine/protocol/kafka/messages/fetch-request.js';
import { decodeFetchResponse } from '../../../engine/protocol/kafka/messages/fetch-response.js';
import { encodeProduceRequest } from '../../../engine/protocol/kafka/messages/produce-request.js';
import {
  decodeProduceResponse,
  type PartitionProduceResponse,
} from '../../../engine/protocol/kafka/messages/produce-response.js';
import { encodeRequestHeader } from '../../../engine/protocol/kafka/messages/request-header.js';
import { Reader } from '../../../engine/protocol/kafka/reader.js';
import { Writer } from '../../../engine/protocol/kafka/writer.js';
import {
  type CaseAnswer,
  type ProduceAnswer,
  produceCases,
  type ProduceCase,
  storedFacts,
} from '../../workers/batch/produce-cases.js';

const createTopicsVersion = 4;
const fetchVersion = 4;
const produceVersion = 8;
/** A new topic takes a moment to be there. */
const notYet = new Set([3, 6]);

/** One request at a time, none of them with flexible headers. */
class Connection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('close', () => this.#wake());
  }

  async ask(apiKey: number, version: number, body: (w: Writer) => void): Promise<Reader> {
    const writer = new Writer();
    encodeRequestHeader(
      writer,
      { requestApiKey: apiKey, requestApiVersion: version, correlationId: 1, clientId: 'golden' },
      1,
    );
    body(writer);
    const frame = writer.finishWhole();
    const length = Buffer.alloc(4);
    length.writeInt32BE(frame.length);
    this.#socket.write(Buffer.concat([length, frame]));
    while (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE(0)) {
      if (this.#socket.destroyed) throw new Error('the broker closed the connection');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const end = 4 + this.#received.readInt32BE(0);
    const response = this.#received.subarray(8, end);
    this.#received = this.#received.subarray(end);
    return new Reader(response, 0, response.length);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function answerOf(partition: PartitionProduceResponse): ProduceAnswer {
  return {
    errorCode: partition.errorCode,
    baseOffset: partition.baseOffset,
    appendTime: partition.logAppendTimeMs === -1 ? 'none' : 'set',
    logStartOffset: partition.logStartOffset,
    recordErrors: partition.recordErrors.map((error) => error.batchIndex),
    hasMessage: partition.errorMessage !== null,
  };
}

async function askCase(
  connection: Connection,
  produceCase: ProduceCase,
  topic: string,
): Promise<CaseAnswer> {
  const configs = Object.entries(produceCase.topic ?? {}).map(([name, value]) => ({ name, value }));
  const created = decodeCreateTopicsResponse(
    await connection.ask(19, createTopicsVersion, (w) =>
      encodeCreateTopicsRequest(
        w,
        {
          topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, configs }],
          timeoutMs: 10_000,
        },
        createTopicsVersion,
      ),
    ),
    createTopicsVersion,
  );
  const refusal = created.topics[0];
  if (refusal?.errorCode !== 0) throw new Error(`${topic}: ${refusal?.errorMessage}`);
  const nowMs = Date.now();
  const answers: ProduceAnswer[] = [];
  let appendTimeMs = -1;
  for (const records of produceCase.sends(nowMs)) {
    const version = produceCase.version ?? produceVersion;
    for (;;) {
      const response = decodeProduceResponse(
        await connection.ask(0, version, (w) =>
          encodeProduceRequest(
            w,
            {
              transactionalId: null,
              acks: -1,
              timeoutMs: 10_000,
              topicData: [{ name: topic, partitionData: [{ index: 0, records }] }],
            },
            version,
          ),
        ),
        version,
      );
      const partition = response.responses[0]?.partitionResponses[0] as PartitionProduceResponse;
      if (notYet.has(partition.errorCode)) {
        await setTimeout(20);
        continue;
      }
      if (appendTimeMs === -1) appendTimeMs = partition.logAppendTimeMs;
      answers.push(answerOf(partition));
      break;
    }
  }
  const stored = await fetchFirst(connection, topic);
  return {
    name: produceCase.name,
    answers,
    stored: stored.length === 0 ? null : storedFacts(stored, nowMs, appendTimeMs),
  };
}

async function fetchFirst(connection: Connection, topic: string): Promise<Uint8Array> {
  const response = decodeFetchResponse(
    await connection.ask(1, fetchVersion, (w) =>
      encodeFetchRequest(
        w,
        {
          replicaId: -1,
          maxWaitMs: 0,
          minBytes: 0,
          maxBytes: 1,
          topics: [
            { topic, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 }] },
          ],
        },
        fetchVersion,
      ),
    ),
    fetchVersion,
  );
  const records = response.responses[0]?.partitions[0]?.records;
  return records instanceof Uint8Array ? records : new Uint8Array();
}

const [host, port] = (argv[2] ?? '').split(':');
const out = argv[3];
if (!host || !port || !out) throw new Error('usage: ask-kafka.js HOST:PORT OUT.json');
const found: CaseAnswer[] = [];
for (const [index, produceCase] of produceCases.entries()) {
  const connection = new Connection(connect(Number(port), host));
  const topic = `case-${Date.now()}-${index}`;
  try {
    found.push(await askCase(connection, produceCase, topic));
  } finally {
    connection.close();
  }
}
writeFileSync(out, `${JSON.stringify(found, null, 1)}\n`);
