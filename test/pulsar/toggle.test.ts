/** A namespace changes its entry format under load, in all orders: nobody who reads or writes sees it. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { Runner } from '../clients/admin.js';
import { Program, runToEnd } from '../clients/process.js';
import { runBroker } from '../whole/running-broker.js';
import { foreignProducer } from './foreign-producer.js';
import { type KafkaClients, kafkaClients, startMember } from './kafka-members.js';
import { admin, adminUrl, serviceUrl } from './peer.js';
import { readTopic } from './read-topic.js';

/** A virtual machine is started, and each change waits for a load. */
t.setTimeout(180_000);

/** Every change from each format to each other one. */
const formats = ['kafka', 'pulsar', 'kafka', 'mixed_kafka', 'pulsar', 'mixed_kafka', 'kafka'];
const recordsPerFormat = 300;
const name = 'load';

/** An idempotent producer that goes on until it is stopped. */
class Load {
  /** By its number, the offset that each record was acknowledged with. */
  readonly acked = new Map<number, number>();
  readonly #program: Program;
  #wake: () => void = () => {};

  constructor(t: Test, command: readonly string[], bootstrap: string, topic: string) {
    const spec = { scenario: 'load', bootstrap, topic, partitions: 1, name };
    this.#program = new Program(name, command, spec, ({ acked = [] }) => {
      for (const [, number, offset] of acked) this.acked.set(number, offset);
      this.#wake();
    });
    t.teardown(() => this.#program.kill());
  }

  /** Resolves when so many more are acknowledged, and rejects when it ends before. */
  async more(count: number): Promise<void> {
    const wanted = this.acked.size + count;
    const ended = this.#program.ended.then(() => {
      throw new Error(`the load ended: ${this.#program.errors}`);
    });
    ended.catch(() => {});
    while (this.acked.size < wanted) {
      const acked = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([acked, ended]);
    }
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}

/** All records as librdkafka reads them: offset and number. */
async function audit(
  { librdkafka }: KafkaClients,
  bootstrap: string,
  topic: string,
  records: number,
): Promise<[number, number][]> {
  const spec = { scenario: 'audit', bootstrap, topic, partitions: 1, records };
  const text = (await runToEnd([...librdkafka.command, JSON.stringify(spec)])).toString();
  return text
    .trim()
    .split('\n')
    .flatMap(
      (line) => (JSON.parse(line) as { records: [number, number, string, number][] }).records,
    )
    .map(([, offset, , number]) => [offset, number]);
}

/** A broker whose only topic is in a namespace of its own; `set` changes what that says. */
async function start(t: Test) {
  const namespace = `toggle-${randomUUID()}`;
  await admin.http.ask({ method: 'PUT', path: `namespaces/public/${namespace}`, body: {} });
  const { broker } = await runBroker(t, {
    backend: serviceUrl,
    pulsarAdminUrl: adminUrl,
    kafkaNamespace: namespace,
    kafkaMetadataNamespace: `__kafka-${namespace}`,
    offsetsTopicNumPartitions: 1,
    groupInitialRebalanceDelayMs: 0,
  });
  const bootstrap = broker.bootstrapServers;
  const set = async (...options: string[]) => {
    const command = ['dist/engine/main.js', 'namespace', 'set', `public/${namespace}`];
    const all = [...command, ...options, '--bootstrap-server', bootstrap];
    await runToEnd([process.execPath, ...all]);
  };
  const runner = new Runner(bootstrap);
  await runner.connect();
  await runner.createTopic('toggled', 1);
  await runner.close();
  return { bootstrap, set, stored: `persistent://public/${namespace}/toggled-partition-0` };
}

t.test(
  'every change of the format, with a producer and a consumer attached all the time',
  async (t) => {
    const clients = await kafkaClients();
    const { bootstrap, set, stored: storedTopic } = await start(t);
    const load = new Load(t, clients.franz.command, bootstrap, 'toggled');
    const member = startMember(t, clients.java, bootstrap, 'toggled');
    await load.more(1);
    for (const format of formats) {
      await set('--entry-format', format);
      await load.more(recordsPerFormat);
    }
    await load.stop();
    const numbers = [...load.acked.keys()].sort((a, b) => a - b);
    t.strictSame(
      await audit(clients, bootstrap, 'toggled', numbers.length),
      numbers.map((number) => [number, number]),
    );
    t.ok(
      numbers.every((number) => load.acked.get(number) === number),
      'as they were acknowledged',
    );
    await member.got(numbers.length);
    t.strictSame(
      [...member.seen],
      numbers.map((number) => [number, 1]),
      'once, by the consumer',
    );
    const { kinds } = await readTopic(
      t,
      storedTopic,
      ({ endOffset }) => endOffset === numbers.length,
    );
    const changes = kinds.filter((kind, at) => kind !== kinds[at - 1]);
    const stored = ['pulsar', ...formats].map((format) => format.replace('mixed_', ''));
    t.strictSame(
      changes,
      stored.filter((kind, at) => kind !== stored[at - 1]),
      'each was written',
    );
  },
);

t.test('who may write changes, with a producer and a consumer attached all the time', async (t) => {
  const clients = await kafkaClients();
  const { bootstrap, set, stored } = await start(t);
  const load = new Load(t, clients.franz.command, bootstrap, 'toggled');
  const member = startMember(t, clients.java, bootstrap, 'toggled');
  await load.more(1);
  for (const writers of ['exclusive', 'shared', 'exclusive', 'default', 'exclusive', 'shared']) {
    await set('--pulsar-writers', writers);
    await load.more(recordsPerFormat);
  }
  const path = stored.replace('://', '/');
  await admin.http.ask({ method: 'PUT', path: `${path}/subscription/theirs`, body: {} });
  const shutOut = /the subscription theirs on .*toggled-partition-0 would be shut out.*--force/;
  await t.rejects(set('--pulsar-writers', 'exclusive'), { message: shutOut });
  const unreadable = /the subscription theirs on .* could not read entries in the format kafka/;
  await t.rejects(set('--entry-format', 'kafka'), { message: unreadable });
  // A producer is named before a subscription.
  const theirs = await foreignProducer(t, stored);
  for (const changes of [
    ['--pulsar-writers', 'exclusive'],
    ['--entry-format', 'kafka'],
  ]) {
    const named = `the Pulsar producer ${theirs} on ${stored}`;
    await t.rejects(set(...changes), { message: new RegExp(`${named}.*--force`) });
  }
  await load.more(1);
  await set('--pulsar-writers', 'exclusive', '--entry-format', 'kafka', '--force');
  await load.more(recordsPerFormat);
  await load.stop();
  const numbers = [...load.acked.keys()].sort((a, b) => a - b);
  t.strictSame(
    await audit(clients, bootstrap, 'toggled', numbers.length),
    numbers.map((number) => [load.acked.get(number), number]),
    'each once, in order, at the offset that it was acknowledged with',
  );
  await member.got(numbers.length);
  t.ok([...member.seen.values()].every((times) => times === 1));
});
