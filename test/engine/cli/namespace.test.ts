import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { exitCodes } from '../../../engine/cli/exit-codes.js';
import { describeConfigsExchange, incrementalAlterConfigsExchange } from '../../exchanges.js';
import type { RawClient } from '../../raw-client.js';
import { batchOf, createTopic, produce } from '../../whole/records.js';
import { runBroker } from '../../whole/running-broker.js';
import { kopje } from './kopje.js';

const topicResource = 2;

async function formatOf(client: RawClient, topic: string): Promise<[string, number]> {
  const resources = [
    { resourceType: topicResource, resourceName: topic, configurationKeys: ['entry.format'] },
  ];
  const { results } = await client.ask(describeConfigsExchange, { resources }, 4);
  const config = results[0]?.configs[0];
  return [String(config?.value), Number(config?.configSource)];
}

async function alter(client: RawClient, resourceName: string, name: string, value: string) {
  const configs = [{ name, configOperation: 0, value }];
  const resources = [{ resourceType: topicResource, resourceName, configs }];
  const { responses } = await client.ask(incrementalAlterConfigsExchange, { resources }, 1);
  return [responses[0]?.errorCode, responses[0]?.errorMessage];
}

t.test('a namespace is changed live, for topics that say nothing themselves', async (t) => {
  const cwd = t.testdir({});
  const dataDir = join(cwd, 'data');
  const { broker, connect } = await runBroker(t, { dataDir });
  const client = await connect();
  const server = ['--bootstrap-server', broker.bootstrapServers];
  await createTopic(client, 'a', 1);
  await createTopic(client, 'own', 1);
  t.strictSame(await alter(client, 'own', 'entry.format', 'mixed_kafka'), [0, null]);
  const listed = await kopje(['namespace', 'list', ...server], { cwd });
  t.match(listed.stdout, /^public\/default {2}entry\.format=kafka \(the broker’s default\)$/m);

  const words = ['namespace', 'set', 'public/default', '--entry-format', 'pulsar', ...server];
  const set = await kopje(words, { cwd });
  t.strictSame([set.code, set.stdout], [exitCodes.ok, 'public/default  entry.format=pulsar\n']);
  const again = await kopje(['namespace', 'list', ...server], { cwd });
  t.equal(again.stdout, 'public/default  entry.format=pulsar\n');
  t.strictSame(await formatOf(client, 'a'), ['pulsar', 3], 'a default that changes at run time');
  t.strictSame(await formatOf(client, 'own'), ['mixed_kafka', 1]);
  await createTopic(client, 'later', 1);
  t.strictSame(await formatOf(client, 'later'), ['pulsar', 3]);
  t.equal((await produce(client, 'a', 0, batchOf('x'))).errorCode, 0);
  await broker.close();

  const reopened = await runBroker(t, { dataDir });
  t.strictSame(await formatOf(await reopened.connect(), 'a'), ['pulsar', 3], 'it is kept');
});

t.test('default takes a format back', async (t) => {
  const { broker, connect } = await runBroker(t, { entryFormat: 'mixed_kafka' });
  const client = await connect();
  await createTopic(client, 'a', 1);
  const server = ['--bootstrap-server', broker.bootstrapServers];
  for (const [format, expected] of [
    ['pulsar', 'pulsar'],
    ['default', 'mixed_kafka'],
  ] as const) {
    const words = ['namespace', 'set', 'public/default', '--entry-format', format, ...server];
    t.equal((await kopje(words, { cwd: t.testdir({}) })).code, exitCodes.ok);
    t.equal((await formatOf(client, 'a'))[0], expected);
  }
});

t.test('what cannot be is refused with the reason', async (t) => {
  const { broker, connect } = await runBroker(t);
  const cwd = t.testdir({});
  const server = ['--bootstrap-server', broker.bootstrapServers];
  const cases: [string[], number, RegExp][] = [
    [
      ['public/other', '--entry-format', 'kafka'],
      exitCodes.unexpected,
      /one namespace, public\/default/,
    ],
    [['public/default', '--entry-format', 'json'], exitCodes.unexpected, /String must be one of/],
    [['public', '--entry-format', 'kafka'], exitCodes.usage, /TENANT\/NAMESPACE, not 'public'/],
    [['public/default'], exitCodes.usage, /nothing to set/],
  ];
  for (const [words, code, message] of cases) {
    const outcome = await kopje(['namespace', 'set', ...words, ...server], { cwd });
    t.equal(outcome.code, code, words.join(' '));
    t.match(outcome.stderr, message);
    t.equal(outcome.stdout, '');
  }
  const client = await connect();
  const [errorCode, reason] = await alter(client, 'public/default/*', 'retention.ms', '5');
  t.equal(errorCode, 40, 'INVALID_CONFIG');
  t.match(reason, /no config retention\.ms/);
});

t.test('nobody answers, or nobody listens', async (t) => {
  const silent = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const cwd = t.testdir({});
  const words = ['namespace', 'list', '--bootstrap-server', `127.0.0.1:${port}`];
  const closed = await kopje(words, { cwd });
  t.equal(closed.code, exitCodes.unreachable);
  t.match(closed.stderr, new RegExp(`no Kafka broker answers at 127\\.0\\.0\\.1:${port}`));
  await new Promise((resolve) => silent.close(resolve));
  t.equal((await kopje(words, { cwd })).code, exitCodes.unreachable);
});
