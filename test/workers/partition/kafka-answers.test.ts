import { readFileSync } from 'node:fs';
import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { Partition } from '../../../workers/partition/partition.js';
import { ProducerState } from '../../../workers/partition/producer-state.js';
import { AppendRequest } from '../../../workers/partition/request.js';
import { codecs } from '../batch/build-batch.js';
import { logConfig } from '../batch/log-config.js';
import {
  type CaseAnswer,
  type ProduceAnswer,
  type ProduceCase,
  produceCases,
  storedFacts,
} from '../batch/produce-cases.js';
import { MemoryLog } from './memory-log.js';

/** Made by test/golden/produce/ask-kafka.ts against Kafka 4.3.1. */
const golden = JSON.parse(readFileSync('test/golden/produce/answers.json', 'utf8')) as CaseAnswer[];

/** Where we differ from Kafka 4.3.1 on purpose: the error code that we answer, and why. */
const deliberate: Record<string, { errorCode: number; why: string }> = {
  'unknown compression': damaged('an exception there, and an unnamed error'),
  'gzip that is none': damaged('as above'),
  'gzip cut short': damaged('as above'),
  'lz4 damaged': damaged('as above'),
  'offset deltas all 0, compressed': {
    errorCode: ErrorCode.NONE,
    why: 'Kafka means to rewrite such a batch and fails on the way',
  },
  'transactional, without an id': {
    errorCode: ErrorCode.INVALID_TXN_STATE,
    why: 'a worker does not see the transactional id; to it no transaction is ongoing',
  },
  'zstd before version 7': {
    errorCode: ErrorCode.NONE,
    why: 'the version of the request is known to the main thread only',
  },
};

function damaged(why: string): { errorCode: number; why: string } {
  return { errorCode: ErrorCode.INVALID_RECORD, why };
}

const nowMs = 1_800_000_000_000;

function answerCase(produceCase: ProduceCase): CaseAnswer {
  const log = new MemoryLog();
  const answers: ProduceAnswer[] = [];
  let appendTimeMs = -1;
  const partition = new Partition(
    { topic: produceCase.name, partition: 0 },
    log,
    new ProducerState(86_400_000, () => nowMs),
    codecs,
    { durability: 'os', validateRecords: 'full', maxInflatedBytes: 2 ** 24 },
    logConfig(produceCase.config),
    {
      complete(request) {
        if (appendTimeMs === -1) appendTimeMs = request.appendTimeMs;
        answers.push({
          errorCode: request.errorCode,
          baseOffset: request.baseOffset,
          appendTime: request.appendTimeMs === -1 ? 'none' : 'set',
          logStartOffset: request.logStartOffset,
          recordErrors: (request.detail?.recordErrors ?? []).map((error) => error.batchIndex),
          hasMessage: request.detail !== null && request.detail.message !== null,
        });
      },
      publish() {},
      arrived() {},
      report() {},
      offline() {},
      compact() {},
      copied() {},
      now: () => nowMs,
    },
  );
  for (const records of produceCase.sends(nowMs)) {
    const slab = new Uint8Array(new SharedArrayBuffer(records.length + 16));
    slab.set(records, 16);
    partition.enqueue(new AppendRequest(1, slab, 16, slab.length));
    partition.drain();
  }
  const first = log.batches[0];
  const stored = first ? storedFacts(first.bytes, nowMs, appendTimeMs) : null;
  return { name: produceCase.name, answers, stored };
}

/** Kafka leaves the log start out of some errors; we always fill it in, because clients loop on -1. */
function withoutLogStart(answers: ProduceAnswer[]): Omit<ProduceAnswer, 'logStartOffset'>[] {
  return answers.map(({ logStartOffset: _, ...rest }) => rest);
}

t.test('record sets are answered as Kafka answers them', async (t) => {
  t.same(
    produceCases.map(({ name }) => name),
    golden.map(({ name }) => name),
    'the golden answers are of these cases',
  );
  for (const [index, produceCase] of produceCases.entries()) {
    const kafka = golden[index] as CaseAnswer;
    const ours = answerCase(produceCase);
    const difference = deliberate[produceCase.name];
    if (difference) {
      t.equal(ours.answers[0]?.errorCode, difference.errorCode, produceCase.name);
      t.not(kafka.answers[0]?.errorCode, difference.errorCode, difference.why);
    } else {
      t.same(withoutLogStart(ours.answers), withoutLogStart(kafka.answers), produceCase.name);
      t.same(ours.stored, kafka.stored, `${produceCase.name}: stored`);
    }
    t.ok(ours.answers.every((answer) => answer.logStartOffset === 0));
  }
});
