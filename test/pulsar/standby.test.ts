/** Two nodes in front of one Pulsar cluster: one serves, the other waits and takes over. */
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { type Consumer, Kafka, logLevel, type Producer } from 'kafkajs';
import t, { type Test } from 'tap';
import { exitCodes } from '../../engine/cli/exit-codes.js';
import { PulsarLock } from '../../engine/cluster/pulsar-lock.js';
import { kopje, start } from '../engine/cli/kopje.js';
import { reservablePort } from '../peers/ports.js';
import { librdkafkaClient } from './kafka-members.js';
import { LibrdkafkaPair } from './librdkafka-pair.js';
import { adminUrl, client, serviceUrl } from './peer.js';

t.setTimeout(240_000);

const librdkafka = await librdkafkaClient();
/** Long enough for a busy machine, short enough to wait for. */
const sessionTimeoutMs = 4_000;
const partitions = 2;

/** One `kopje serve`. */
class Node {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  /** Log lines. */
  readonly lines: string[] = [];
  readonly #waiting: { pattern: RegExp; found(line: string): void }[] = [];

  constructor(t: Test, settings: Record<string, string | number>) {
    const words = Object.entries(settings).flatMap(([name, value]) => [
      '--set',
      `${name}=${value}`,
    ]);
    this.process = start(['serve', ...words], { cwd: tmpdir() });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        this.lines.push(line);
        for (const { pattern, found } of this.#waiting) if (pattern.test(line)) found(line);
      });
    }
    this.exited = once(this.process, 'exit').then(([code]) => code as number | null);
    t.teardown(() => this.process.kill('SIGKILL'));
  }

  /** Resolves when it has printed such a line. */
  async says(pattern: RegExp): Promise<string> {
    const known = this.lines.find((line) => pattern.test(line));
    if (known !== undefined) return known;
    const said = new Promise<string>((found) => this.#waiting.push({ pattern, found }));
    const ended = this.exited.then((code) => {
      throw new Error(`ended with ${code}: ${this.lines.join('\n')}`);
    });
    return Promise.race([said, ended]);
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }
}

interface Place {
  readonly port: number;
  readonly httpPort: number;
}

async function place(): Promise<Place> {
  return { port: await reservablePort(), httpPort: await reservablePort() };
}

function node(t: Test, namespace: string, brokerId: number, { port, httpPort }: Place): Node {
  return new Node(t, {
    brokerId,
    backend: serviceUrl,
    pulsarAdminUrl: adminUrl,
    kafkaMetadataNamespace: namespace,
    kafkaListeners: `PLAINTEXT://127.0.0.1:${port}`,
    httpListener: `127.0.0.1:${httpPort}`,
    brokerSessionTimeoutMs: sessionTimeoutMs,
    offsetsTopicNumPartitions: 3,
    groupInitialRebalanceDelayMs: 0,
    workers: 1,
  });
}

const ready = /^kopje ready/;
const standby = /standby: node 1 /;

function clientOf(...ports: number[]): Kafka {
  return new Kafka({
    brokers: ports.map((port) => `127.0.0.1:${port}`),
    logLevel: logLevel.NOTHING,
    retry: { retries: 100, initialRetryTime: 100, maxRetryTime: 1_000 },
  });
}

/** Sends one value after the other; those that were acknowledged are in `acknowledged`. */
class Load {
  readonly acknowledged: string[] = [];
  readonly #name: string;
  readonly #producer: Producer;
  readonly #topic: string;
  #isOver = false;
  #count = 0;

  constructor(name: string, producer: Producer, topic: string) {
    this.#name = name;
    this.#producer = producer;
    this.#topic = topic;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const value = `${this.#name}-${this.#count++}`;
      const messages = [{ value, partition: this.#count % partitions }];
      await this.#producer.send({ topic: this.#topic, messages });
      this.acknowledged.push(value);
    }
  }

  /** Resolves when so many more were acknowledged. */
  async more(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    while (this.acknowledged.length < wanted) await new Promise((done) => setTimeout(done, 20));
  }

  end(): void {
    this.#isOver = true;
  }
}

/** A member of a group that commits what it has seen. */
class Member {
  /** By partition, in the order of arrival. */
  readonly seen: { partition: number; offset: number; value: string }[] = [];
  /** What was committed last, and answered. */
  readonly committed = new Map<number, number>();
  readonly consumer: Consumer;

  constructor(consumer: Consumer) {
    this.consumer = consumer;
  }

  async run(topic: string): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [topic], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        const offset = Number(message.offset);
        this.seen.push({ partition, offset, value: String(message.value) });
        await this.consumer.commitOffsets([{ topic, partition, offset: String(offset + 1) }]);
        this.committed.set(partition, offset + 1);
      },
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((done) => setTimeout(done, 20));
  }
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

t.test('of those who take the lock at once nobody has the number of another', async (t) => {
  const clients = Array.from({ length: 4 }, () => client());
  t.teardown(() => Promise.all(clients.map((one) => one.close())));
  const namespace = `public/kopje-${randomUUID()}`;
  const locks = clients.map((one) => new PulsarLock(one, namespace));
  const [first] = locks as [PulsarLock];
  await fetch(`${adminUrl}/admin/v2/namespaces/${namespace}`, { method: 'PUT' });
  await first.prepare();
  const epochs: number[] = [];
  for (let round = 0; round < 20; round++) {
    const taken = await Promise.all(locks.map((lock) => lock.take()));
    epochs.push(...taken.filter((epoch) => epoch !== null));
  }
  t.ok(epochs.length >= 20, 'one of them has it each time');
  t.equal(new Set(epochs).size, epochs.length);
  t.equal((await first.read()).epoch, Math.max(...epochs));
});

t.test('a node that is killed under load is replaced by the one that waits', async (t) => {
  const namespace = `kopje-${randomUUID()}`;
  const topic = `t-${randomUUID()}`;
  const [first, second] = [await place(), await place()];
  // Both at the same address: the one that waits has not bound it.
  const both = { ...second, port: first.port };
  const one = node(t, namespace, 1, first);
  await one.says(ready);
  const other = node(t, namespace, 2, both);
  await other.says(standby);
  const kafka = clientOf(first.port);
  const admin = kafka.admin();
  const producers = [kafka.producer({ idempotent: true }), kafka.producer()] as const;
  const member = new Member(kafka.consumer({ groupId: 'g', sessionTimeout: 30_000 }));
  await admin.connect();
  const others = `${topic}-librdkafka`;
  await admin.createTopics({
    topics: [
      { topic, numPartitions: partitions },
      { topic: others, numPartitions: 1 },
    ],
  });
  const pair = new LibrdkafkaPair(t, librdkafka, `127.0.0.1:${first.port}`, others);
  for (const producer of producers) await producer.connect();
  const loads = producers.map(
    (producer, at) => new Load(['once', 'plain'][at] as string, producer, topic),
  );
  const running = loads.map((load) => load.run());
  await member.run(topic);
  await Promise.all([...loads, pair].map((load) => load.more(50)));
  await member.until(() => member.committed.size === partitions);

  one.signal('SIGKILL');
  const killedMs = performance.now();
  const [seenBefore, committedBefore] = [member.seen.length, new Map(member.committed)];
  await other.says(ready);
  t.comment(`taken over after ${Math.round(performance.now() - killedMs)} ms`);
  await Promise.all([...loads, pair].map((load) => load.more(50)));
  await pair.finish(t);
  for (const load of loads) load.end();
  await Promise.all(running);
  const acknowledged = loads.flatMap((load) => load.acknowledged);
  await member.until(() => {
    const seen = new Set(member.seen.map(({ value }) => value));
    return acknowledged.every((value) => seen.has(value));
  });
  for (const { partition, offset } of member.seen.slice(seenBefore)) {
    const least = committedBefore.get(partition) as number;
    if (offset < least) t.fail(`${partition}: ${offset} again, after ${least} was committed`);
  }
  const offsets = new Map(member.seen.map((one) => [`${one.partition}/${one.offset}`, one.value]));
  const stored = countsOf([...offsets.values()]);
  for (const [value, count] of stored) {
    if (value.startsWith('once') && count > 1) t.fail(`${value} is stored ${count} times`);
  }
  t.ok(
    acknowledged.every((value) => stored.has(value)),
    'nothing acknowledged is lost',
  );

  // Before the node: they would try to reach it.
  await Promise.all([admin, member.consumer, ...producers].map((client) => client.disconnect()));
  other.signal('SIGTERM');
  t.equal(await other.exited, exitCodes.ok);
});

t.test('a node that hangs is replaced, and answers nothing when it goes on', async (t) => {
  const namespace = `kopje-${randomUUID()}`;
  const [first, second] = [await place(), await place()];
  const one = node(t, namespace, 1, first);
  await one.says(ready);
  const other = node(t, namespace, 2, second);
  await other.says(standby);
  const socket = connect({ host: '127.0.0.1', port: first.port });
  await once(socket, 'connect');
  let received = 0;
  socket.on('error', () => undefined);
  const closed = new Promise((done) => socket.once('close', done));
  socket.on('data', (bytes) => {
    received += bytes.length;
  });

  one.signal('SIGSTOP');
  await other.says(ready);
  t.ok(other.lines.some((line) => /taking over from node 1 .* no sign of life/.test(line)));
  // ApiVersions v0, which waits in the kernel.
  socket.write(Buffer.from('0000000a0012000000000001ffff', 'hex'));
  one.signal('SIGCONT');
  await closed;
  t.equal(received, 0);
  t.equal(await one.exited, exitCodes.fenced);
  t.ok(
    // A renewal that was under way when it was stopped has taken the other one's name away.
    one.lines.some((line) => /(node 2 \(.*\)|another Kopje) has taken over the lock/.test(line)),
    'it says why it stops',
  );
});

t.test('a standby says so; a node that stops in order hands over at once', async (t) => {
  const namespace = `kopje-${randomUUID()}`;
  const [first, second] = [await place(), await place()];
  const one = node(t, namespace, 1, first);
  await one.says(ready);
  const other = node(t, namespace, 2, second);
  const third = node(t, namespace, 3, await place());
  await Promise.all([other.says(standby), third.says(standby)]);
  const checked = await kopje(
    [
      'check',
      ...Object.entries({
        backend: serviceUrl,
        pulsarAdminUrl: adminUrl,
        kafkaMetadataNamespace: namespace,
      }).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ],
    { cwd: tmpdir() },
  );
  t.match(
    checked.stdout,
    /^ok +pulsar: node 1 \(.*\) has the lock of public\/kopje-.*, last renewed/m,
  );
  const http = `http://127.0.0.1:${second.httpPort}`;
  t.equal((await fetch(`${http}/health`)).status, 200);
  const told = await fetch(`${http}/ready`);
  t.equal(told.status, 503);
  t.match(
    await told.text(),
    /^standby: node 1 \(process \d+ of .+\) has the lock of public\/kopje-/,
  );
  third.signal('SIGTERM');
  t.equal(await third.exited, exitCodes.ok, 'one that waits stops, too');
  one.signal('SIGTERM');
  t.equal(await one.exited, exitCodes.ok);
  await other.says(/node 1 .* has released the lock/);
  await other.says(ready);
  t.notOk(other.lines.some((line) => /no sign of life/.test(line)));
});
