import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTls } from 'node:tls';
import t, { type Test } from 'tap';
import { commandFrame } from '../../../../engine/protocol/pulsar/frames.js';
import { openPulsarClient } from '../../../../workers/log/pulsar/client.js';
import type { PulsarBackend } from '../../../../workers/ring/control.js';
import { certificateOf } from '../../../certificate.js';

async function listen(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A broker and its admin API whose certificate bears a name. */
async function serve(
  t: Test,
  name: string,
): Promise<Omit<PulsarBackend, 'tls'> & { cert: string }> {
  const pair = certificateOf(name);
  const connected = commandFrame('connected', { serverVersion: 'fake', maxMessageSize: 1000 });
  const broker = createTls(pair, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(connected));
  });
  const admin = createHttps(pair, (_, response) => response.end('"told"'));
  return {
    kind: 'pulsar',
    serviceUrl: `pulsar+ssl://localhost:${await listen(t, broker)}`,
    adminUrl: `https://localhost:${await listen(t, admin)}`,
    authentication: { kind: 'none' },
    snapshotTopic: 'persistent://a/b/c',
    metadataNamespace: 'public/__kafka',
    cacheBytes: 0,
    kopCompatible: true,
    operationTimeoutMs: 10_000,
    cert: pair.cert,
  };
}

/** Asks both. */
async function ask(backend: PulsarBackend): Promise<unknown> {
  const client = openPulsarClient(backend);
  try {
    await client.lookup.anyBroker();
    return await client.admin.http.get('anything');
  } finally {
    await client.close();
  }
}

t.test('a certificate that is trusted and bears the name', async (t) => {
  const { cert, ...backend } = await serve(t, 'localhost');
  t.equal(await ask({ ...backend, tls: { ca: cert, verifiesHostname: true } }), 'told');
  await t.rejects(ask({ ...backend, tls: { ca: null, verifiesHostname: false } }), {
    name: 'ConnectionLost',
    cause: { cause: { message: /self-signed certificate/ } },
  });
});

t.test("a certificate of another host's name", async (t) => {
  const { cert, ...backend } = await serve(t, 'elsewhere.test');
  await t.rejects(ask({ ...backend, tls: { ca: cert, verifiesHostname: true } }), {
    name: 'ConnectionLost',
    cause: { cause: { message: /does not match certificate's altnames/ } },
  });
  t.equal(await ask({ ...backend, tls: { ca: cert, verifiesHostname: false } }), 'told');
});
