import t from 'tap';
import { Lookup } from '../../../../workers/log/pulsar/lookup.js';
import { parseServiceUrl } from '../../../../workers/log/pulsar/service-url.js';
import { FakeBroker } from './fake-broker.js';
import { urlOf } from './fake-topic.js';
import { connectionsOf } from './setup.js';

const topic = 'persistent://a/b/c';

t.test('redirects are followed to the owner', async (t) => {
  const owner = await FakeBroker.start(t, {
    lookup: ({ requestId, authoritative }, peer) => {
      t.equal(authoritative, true);
      peer.tell('lookupResponse', { requestId, response: 1, brokerServiceUrl: urlOf(owner) });
    },
  });
  const first = await FakeBroker.start(t, {
    lookup: ({ requestId }, peer) =>
      peer.tell('lookupResponse', {
        requestId,
        response: 0,
        authoritative: true,
        brokerServiceUrl: urlOf(owner),
      }),
  });
  const lookup = new Lookup(connectionsOf(t), [first.address]);
  t.strictSame(await lookup.ownerOf(topic), { address: owner.address, proxyToBrokerUrl: null });
  const [writer, again, reader] = await Promise.all([
    lookup.connectionFor(topic, 'write'),
    lookup.connectionFor(topic, 'write'),
    lookup.connectionFor(topic, 'read'),
  ]);
  t.equal(writer, again, 'one connection for a broker and a purpose');
  t.not(writer, reader);
});

t.test('a circle of redirects ends', async (t) => {
  const broker = await FakeBroker.start(t, {
    lookup: ({ requestId }, peer) =>
      peer.tell('lookupResponse', { requestId, response: 0, brokerServiceUrl: urlOf(broker) }),
  });
  const lookup = new Lookup(connectionsOf(t), [broker.address]);
  await t.rejects(lookup.ownerOf(topic), /more than 20 brokers sent the lookup on/);
});

t.test('the next address is tried where one does not answer; a proxy keeps its own', async (t) => {
  const broker = await FakeBroker.start(t, {
    lookup: ({ requestId }, peer) =>
      peer.tell('lookupResponse', {
        requestId,
        response: 1,
        brokerServiceUrl: 'pulsar://inside:6650',
        proxyThroughServiceUrl: true,
      }),
  });
  const down = { host: '127.0.0.1', port: 1, tls: false };
  const first = new Lookup(connectionsOf(t), [broker.address, down]);
  t.strictSame(await first.ownerOf(topic), {
    address: broker.address,
    proxyToBrokerUrl: 'inside:6650',
  });
  const second = new Lookup(connectionsOf(t), [down, broker.address]);
  t.equal((await second.ownerOf(topic)).proxyToBrokerUrl, 'inside:6650');
  const neither = new Lookup(connectionsOf(t), [down]);
  await t.rejects(neither.ownerOf(topic), { name: 'ConnectionLost' });
});

t.test("failures carry the broker's error", async (t) => {
  const broker = await FakeBroker.start(t, {
    lookup: ({ requestId }, peer) =>
      peer.tell('lookupResponse', { requestId, response: 2, error: 4, message: 'not yours' }),
    partitionedMetadata: ({ requestId, metadataAutoCreationEnabled }, peer) => {
      t.equal(metadataAutoCreationEnabled, false);
      peer.tell('partitionedMetadataResponse', { requestId, response: 1, error: 11, message: '' });
    },
  });
  const lookup = new Lookup(connectionsOf(t), [broker.address]);
  await t.rejects(lookup.ownerOf(topic), { code: 4, message: /AuthorizationError.*not yours/ });
  await t.rejects(lookup.partitionsOf(topic), { code: 11 });
});

t.test('service URLs', async (t) => {
  t.strictSame(parseServiceUrl('pulsar://a:1,b/'), [
    { host: 'a', port: 1, tls: false },
    { host: 'b', port: 6650, tls: false },
  ]);
  t.strictSame(parseServiceUrl('pulsar+ssl://[::1]'), [{ host: '::1', port: 6651, tls: true }]);
  for (const wrong of [
    'http://a',
    'pulsar://',
    'pulsar://a:0',
    'pulsar://a:70000',
    'pulsar://a b',
  ]) {
    t.throws(() => parseServiceUrl(wrong), new RegExp(`'${wrong}'`), wrong);
  }
});
