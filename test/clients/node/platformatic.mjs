// @platformatic/kafka under the contract of the client tests.

import { Consumer, Producer } from '@platformatic/kafka';
import {
  Check,
  emit,
  recordHeaders,
  recordKey,
  recordValue,
  run,
  toldToStop,
} from './contract.mjs';

async function produce(spec) {
  const producer = new Producer({
    clientId: 'kopje-test',
    bootstrapBrokers: [spec.bootstrap],
    idempotent: true,
    acks: -1,
  });
  let produced = 0;
  for (const part of spec.parts) {
    for (let at = part.startIndex; at < part.endIndex; at += 1000) {
      const messages = [];
      for (let i = at; i < Math.min(at + 1000, part.endIndex); i++) {
        messages.push({
          topic: spec.topic,
          partition: i % spec.partitions,
          key: recordKey(i) ?? undefined,
          value: recordValue(i),
          // Buffers as keys, so that a key can come twice.
          headers: new Map(
            recordHeaders(i, spec.nullHeaders).map(([key, value]) => [Buffer.from(key), value]),
          ),
          timestamp: BigInt(spec.baseTimestampMs + i),
        });
      }
      await producer.send({ messages, compression: part.compression });
      produced += messages.length;
    }
  }
  await producer.close();
  emit({ produced });
}

async function consume(spec) {
  const check = new Check(spec);
  const consumer = new Consumer({
    clientId: 'kopje-test',
    groupId: `${spec.topic}-${process.pid}`,
    bootstrapBrokers: [spec.bootstrap],
    autocommit: false,
  });
  const stream = await consumer.consume({ topics: [spec.topic], mode: 'earliest' });
  const idle = setTimeout(() => stream.close(), 20_000);
  for await (const m of stream) {
    const headers = [...m.headers].map(([key, value]) => [key.toString(), value ?? null]);
    check.record(
      m.partition,
      m.offset,
      Number(m.timestamp),
      m.key ?? null,
      m.value ?? null,
      headers,
    );
    idle.refresh();
    if (check.done) break;
  }
  clearTimeout(idle);
  await consumer.close(true);
  check.report();
}

/** Streams that a member opens again after an error. */
const maxStreams = 10;

async function member(spec) {
  const stop = toldToStop();
  const consumer = new Consumer({
    clientId: 'kopje-test',
    groupId: spec.group,
    groupInstanceId: spec.instanceId,
    bootstrapBrokers: [spec.bootstrap],
    sessionTimeout: spec.sessionTimeoutMs,
    heartbeatInterval: 1000,
    autocommit: 100,
    maxWaitTime: 500,
  });
  consumer.on('consumer:group:join', () => {
    const mine = (consumer.assignments ?? []).find((a) => a.topic === spec.topic);
    emit({ assigned: mine?.partitions ?? [] });
  });
  let stopping = false;
  // A stream ends with FENCED_LEADER_EPOCH when the broker came back before the client looked at its metadata
  // again (KIP-320); an application opens another.
  for (let left = maxStreams; !stopping; left--) {
    const stream = await consumer.consume({
      topics: [spec.topic],
      mode: 'committed',
      fallbackMode: 'earliest',
    });
    stop.then(() => {
      stopping = true;
      stream.close();
    });
    try {
      for await (const m of stream) {
        emit({ seen: [[m.partition, Number(m.offset), Number(m.offset) + 1]] });
      }
    } catch (error) {
      if (left === 0) throw error;
    }
  }
  await consumer.close();
  emit({ closed: true });
}

await run({ produce, consume, member });
