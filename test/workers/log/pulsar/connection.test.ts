import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  tokenAuthentication,
  tokenFileAuthentication,
} from '../../../../workers/log/pulsar/authentication.js';
import type { Move } from '../../../../workers/log/pulsar/connection.js';
import { PulsarConnection } from '../../../../workers/log/pulsar/connection.js';
import { ConnectionLost, PulsarError } from '../../../../workers/log/pulsar/errors.js';
import { FakeBroker } from './fake-broker.js';
import { connectionTo, defaults } from './setup.js';

const question = { topic: 'persistent://a/b/c', authoritative: false };

t.test('the handshake asks for indexes and learns the longest message', async (t) => {
  const broker = await FakeBroker.start(t);
  const connection = await connectionTo(t, broker, { authentication: tokenAuthentication('jwt') });
  t.equal(connection.maxMessageBytes, 1000);
  const { fields } = broker.commands[0] ?? {};
  t.match(fields, { protocolVersion: 20, authMethodName: 'token' });
  t.match(fields, { featureFlags: { brokerEntryMetadata: true, authRefresh: true } });
});

t.test('a refusal says what the broker said', async (t) => {
  const broker = await FakeBroker.start(t, {
    connect: (_, peer) => peer.tell('error', { requestId: -1, error: 3, message: 'bad token' }),
  });
  await t.rejects(connectionTo(t, broker), { name: 'ConnectionLost', message: /bad token/ });
});

t.test('nobody listens, or nobody answers', async (t) => {
  const broker = await FakeBroker.start(t, { connect: () => {} });
  const silent = connectionTo(t, broker, { operationTimeoutMs: 50 });
  await t.rejects(silent, { name: 'ConnectionLost', message: /no answer within 50 ms/ });
  const address = { host: '127.0.0.1', port: 1, tls: false };
  const refused = PulsarConnection.open({
    ...defaults,
    address,
    proxyToBrokerUrl: null,
    moved() {},
  });
  await t.rejects(refused, { name: 'ConnectionLost', message: /127\.0\.0\.1:1: .*ECONNREFUSED/ });
});

t.test('answers find their questions in any order; errors are Pulsar errors', async (t) => {
  const waiting: number[] = [];
  const broker = await FakeBroker.start(t, {
    lookup: ({ requestId }, peer) => {
      waiting.push(requestId);
      if (waiting.length < 3) return;
      const [first, second, third] = waiting as [number, number, number];
      peer.tell('lookupResponse', { requestId: third, brokerServiceUrl: 'third' });
      peer.tell('error', { requestId: second, error: 6, message: 'not ready' });
      peer.tell('lookupResponse', { requestId: first, brokerServiceUrl: 'first' });
    },
  });
  const connection = await connectionTo(t, broker);
  const answers = await Promise.allSettled(
    [1, 2, 3].map(() => connection.request('lookup', question)),
  );
  t.match(answers[0], { value: { fields: { brokerServiceUrl: 'first' } } });
  t.match(answers[1], { reason: { code: 6, message: 'ServiceNotReady: not ready' } });
  t.type((answers[1] as PromiseRejectedResult).reason, PulsarError);
  t.match(answers[2], { value: { fields: { brokerServiceUrl: 'third' } } });
});

t.test('a question without an answer ends; the connection goes on', async (t) => {
  const broker = await FakeBroker.start(t, { lookup: () => {} });
  const connection = await connectionTo(t, broker);
  const unanswered = connection.request('lookup', question, 20);
  await t.rejects(unanswered, /lookup was not answered within 20 ms/);
  t.ok(connection.isOpen);
});

t.test('the end of the connection reaches everybody, once', async (t) => {
  const broker = await FakeBroker.start(t, { lookup: (_, peer) => peer.socket.destroy() });
  const connection = await connectionTo(t, broker);
  const heard: Error[] = [];
  const closed = (reason: Error) => heard.push(reason);
  connection.addProducer(1, { topic: 'a', receipt() {}, sendFailed() {}, closed });
  connection.addConsumer(2, { topic: 'a', entry() {}, endOfTopic() {}, closed });
  await t.rejects(connection.request('lookup', question), ConnectionLost);
  t.type(await connection.closed, ConnectionLost);
  t.equal(heard.length, 2);
  connection.close();
  t.equal(heard.length, 2);
  await t.rejects(connection.request('lookup', question), ConnectionLost);
});

t.test('bytes that are no frame end it', async (t) => {
  for (const bytes of [
    'ffffffff00000000',
    '0000000400000009',
    '00000002aaaa',
    '0000000600000002aaaa',
  ]) {
    const broker = await FakeBroker.start(t, {
      lookup: (_, peer) => peer.socket.write(Buffer.from(bytes, 'hex')),
    });
    const connection = await connectionTo(t, broker);
    await t.rejects(connection.request('lookup', question), ConnectionLost, bytes);
    t.notOk(connection.isOpen);
  }
});

t.test('pings are answered, closes of the broker say where to go', async (t) => {
  const broker = await FakeBroker.start(t);
  const moves: Move[] = [];
  const connection = await connectionTo(t, broker, { moved: (move) => moves.push(move) });
  const [peer] = broker.peers;
  const pong = broker.next('pong');
  peer?.tell('ping', {});
  await pong;
  const url = 'pulsar://other:6650';
  const producer = new Promise<Error>((closed) => {
    connection.addProducer(4, { topic: 'of producer', receipt() {}, sendFailed() {}, closed });
  });
  peer?.tell('closeProducer', { producerId: 4, requestId: -1, assignedBrokerServiceUrl: url });
  t.match(await producer, {
    message: 'the broker closed of producer: it is at pulsar://other:6650',
  });
  const consumer = new Promise<Error>((closed) => {
    connection.addConsumer(5, { topic: 'of consumer', entry() {}, endOfTopic() {}, closed });
  });
  peer?.tell('topicMigrated', { resourceId: 5, resourceType: 1, brokerServiceUrl: url });
  t.match(await consumer, { message: 'of consumer was migrated to pulsar://other:6650' });
  t.strictSame(moves, [
    { topic: 'of producer', url, leavesCluster: false },
    { topic: 'of consumer', url, leavesCluster: true },
  ]);
});

t.test('a broker that wants fresh credentials gets what the file holds now', async (t) => {
  const path = join(t.testdir({ token: 'first\n' }), 'token');
  const tokens: string[] = [];
  const broker = await FakeBroker.start(t, {
    authResponse: ({ response }) => tokens.push(Buffer.from(response?.authData ?? []).toString()),
  });
  await connectionTo(t, broker, { authentication: tokenFileAuthentication(path) });
  writeFileSync(path, 'second');
  const answered = broker.next('authResponse');
  broker.peers[0]?.tell('authChallenge', { protocolVersion: 20 });
  await answered;
  t.strictSame(tokens, ['second']);
});
