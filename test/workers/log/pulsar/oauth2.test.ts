import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { authenticationOf } from '../../../../workers/log/pulsar/authentication.js';
import { oauth2Authentication } from '../../../../workers/log/pulsar/oauth2.js';

interface Issuer {
  readonly issuerUrl: string;
  /** What was asked of the token endpoint. */
  readonly asked: Record<string, string>[];
  /** What it answers; a number is a status. */
  answer: object | number;
}

async function serveIssuer(t: Test): Promise<Issuer> {
  const asked: Record<string, string>[] = [];
  const issuer: Issuer = { issuerUrl: '', asked, answer: {} };
  const server = createServer(async (request, response) => {
    if (request.url === '/realm/.well-known/openid-configuration') {
      response.end(JSON.stringify({ token_endpoint: `${issuer.issuerUrl}token` }));
      return;
    }
    asked.push(Object.fromEntries(new URLSearchParams(await text(request))));
    const { answer } = issuer;
    if (typeof answer === 'number') response.statusCode = answer;
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(issuer, { issuerUrl: `http://127.0.0.1:${port}/realm/` });
}

const key = { type: 'client_credentials', client_id: 'kopje', client_secret: 'hush' };

t.test('a token is asked for once, and again before it expires', async (t) => {
  const issuer = await serveIssuer(t);
  issuer.answer = { access_token: 'first', expires_in: 100 };
  const privateKey = `file://${join(t.testdir({ 'key.json': JSON.stringify(key) }), 'key.json')}`;
  const settings = { issuerUrl: issuer.issuerUrl, privateKey, audience: 'pulsar', scope: null };
  let nowMs = 1_000;
  const authentication = oauth2Authentication(settings, () => nowMs);
  const token = async () => Buffer.from((await authentication())?.data ?? []).toString();
  t.strictSame(await Promise.all([token(), token()]), ['first', 'first']);
  t.equal((await authentication())?.method, 'token');
  const [first] = issuer.asked;
  t.strictSame(first, {
    grant_type: 'client_credentials',
    client_id: 'kopje',
    client_secret: 'hush',
    audience: 'pulsar',
  });
  issuer.answer = { access_token: 'second', expires_in: 100 };
  nowMs += 89_000;
  t.equal(await token(), 'first');
  nowMs += 2_000;
  t.equal(await token(), 'second');
  t.equal(issuer.asked.length, 2);
});

t.test('an issuer that refuses, and one that comes back', async (t) => {
  const issuer = await serveIssuer(t);
  const privateKey = `data:application/json;base64,${Buffer.from(JSON.stringify(key)).toString('base64')}`;
  const { issuerUrl } = issuer;
  const authentication = authenticationOf({
    kind: 'oauth2',
    issuerUrl,
    privateKey,
    audience: null,
    scope: 'all',
  });
  issuer.answer = 401;
  await t.rejects(authentication(), /OAuth2: http:.*token answered 401/);
  issuer.answer = {};
  await t.rejects(authentication(), /answered without an access_token/);
  issuer.answer = { access_token: 'jwt' };
  t.equal(Buffer.from((await authentication())?.data ?? []).toString(), 'jwt');
  t.match(issuer.asked.at(-1), { scope: 'all' });
});

t.test('a key that is none', async (t) => {
  const { issuerUrl } = await serveIssuer(t);
  const settings = { issuerUrl, audience: null, scope: null };
  const without = oauth2Authentication({ ...settings, privateKey: 'data:application/json,{}' });
  await t.rejects(without(), /has no client_id and client_secret/);
  await t.rejects(oauth2Authentication({ ...settings, privateKey: 'file:///no/key' })(), {
    code: 'ENOENT',
  });
});
