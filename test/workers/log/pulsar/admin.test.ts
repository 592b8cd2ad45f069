import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { PulsarAdmin } from '../../../../workers/log/pulsar/admin.js';
import {
  noAuthentication,
  tokenAuthentication,
} from '../../../../workers/log/pulsar/authentication.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: Test, handler: Handler): Promise<string> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const topic = 'persistent://a/b/c ü';

function adminOf(url: string): PulsarAdmin {
  return new PulsarAdmin({ url, authentication: noAuthentication, timeoutMs: 5_000, tls: {} });
}

/** Resolves when `resolve` was called twice. */
function promiseOfTwo(): { promise: Promise<void>; resolve: () => void } {
  let left = 2;
  let done = () => {};
  const promise = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { promise, resolve: () => void (--left === 0 && done()) };
}

t.test('the index of a ledger and of an entry', async (t) => {
  const asked: (string | undefined)[] = [];
  const url = await serve(t, ({ url: path, headers }, response) => {
    asked.push(path, headers.authorization);
    if (path?.endsWith('internal-info')) response.end('{"properties":{"index":"41"}}');
    else {
      response.setHeader('X-Pulsar-Broker-Entry-METADATA-index', '7');
      const aborted = { 'X-Pulsar-txn-aborted': 'true', 'X-Pulsar-txn-uncommitted': 'true' };
      if (path?.endsWith('5'))
        for (const header of Object.entries(aborted)) response.setHeader(...header);
      response.end('payload');
    }
  });
  const authentication = tokenAuthentication('jwt');
  const admin = new PulsarAdmin({ url, authentication, timeoutMs: 5_000, tls: {} });
  t.equal(await admin.ledgerIndex(topic), 41);
  const plain = { isMarker: false, isWithheld: false };
  const facts = { index: 7, messages: 1, ...plain, transactionEnd: null };
  t.strictSame(await admin.entry(topic, { ledgerId: 3, entryId: 4 }), facts);
  const aborted = { ...facts, isMarker: true, isWithheld: true };
  t.strictSame(await admin.entry(topic, { ledgerId: 3, entryId: 5 }), aborted);
  const base = '/admin/v2/persistent/a/b/c%20%C3%BC';
  t.strictSame(asked, [
    `${base}/internal-info`,
    'Bearer jwt',
    `${base}/ledger/3/entry/4`,
    'Bearer jwt',
    `${base}/ledger/3/entry/5`,
    'Bearer jwt',
  ]);
});

t.test('what goes wrong is said with the question', async (t) => {
  const url = await serve(t, ({ url: path }, response) => {
    if (path?.endsWith('internal-info')) response.end('{}');
    else if (path?.endsWith('entry/0')) response.end('no index');
    else {
      response.statusCode = 401;
      response.end('who are you?');
    }
  });
  const admin = adminOf(url);
  t.equal(await admin.ledgerIndex(topic), -1, 'nothing was ever written');
  await t.rejects(admin.entry(topic, { ledgerId: 1, entryId: 0 }), /entries without an index/);
  await t.rejects(admin.entry(topic, { ledgerId: 1, entryId: 1 }), {
    name: 'AdminError',
    status: 401,
    message: /^GET http.*\/ledger\/1\/entry\/1: 401 who are you\?$/,
  });
  await t.rejects(admin.ledgerIndex('t'), /'t' is no persistent:/);
});

t.test('a connection that the broker closed meanwhile is not the end of a question', async (t) => {
  const { promise: bothOpen, resolve: open } = promiseOfTwo();
  let answered = 0;
  const url = await serve(t, async ({ socket }, response) => {
    answered++;
    if (answered <= 2) {
      open();
      await bothOpen;
    } else if (answered <= 4) {
      socket.destroy();
      return;
    }
    response.end('{"properties":{"index":"5"}}');
  });
  const admin = adminOf(url);
  t.strictSame(
    await Promise.all([admin.ledgerIndex(topic), admin.ledgerIndex(topic)]),
    [5, 5],
    'two connections are kept',
  );
  t.equal(await admin.ledgerIndex(topic), 5, 'the third connection answers');
  t.equal(answered, 5);
});

t.test(
  'a new connection that the broker closes is one, and so is one under a change',
  async (t) => {
    let asked = 0;
    const url = await serve(t, ({ socket }, response) => {
      if (asked++ === 1) response.end('{}');
      else socket.destroy();
    });
    const admin = adminOf(url);
    await t.rejects(admin.ledgerIndex(topic), /socket hang up/);
    await admin.ledgerIndex(topic);
    await t.rejects(admin.setProperty(topic, 'a', 'b'), /socket hang up/);
    t.equal(asked, 3, 'neither is sent again');
  },
);

t.test('ledgers, properties, and a broker that sends the question on', async (t) => {
  const properties: Record<string, string> = { index: '3' };
  const url = await serve(t, (request, response) => {
    const { url: path = '', method, headers } = request;
    t.equal(headers.authorization, 'Bearer jwt');
    if (!path.includes('/here/')) {
      response.writeHead(307, { location: path.replace('/a/b/', '/a/here/') }).end();
    } else if (path.endsWith('internalStats')) {
      const ledgers = [
        { ledgerId: 4, entries: 9, size: 90 },
        { ledgerId: 6, entries: 0, size: 0 },
      ];
      const current = { currentLedgerEntries: 2, currentLedgerSize: 20 };
      const stats = { ledgers, ...current, lastConfirmedEntry: '6:1' };
      response.end(JSON.stringify(stats));
    } else if (path.includes('messageid')) response.end('{"ledgerId":4,"entryId":2}');
    else if (method === 'PUT') {
      request.on('data', (bytes) => Object.assign(properties, JSON.parse(String(bytes))));
      request.on('end', () => response.writeHead(204).end());
    } else response.end(JSON.stringify(properties));
  });
  const authentication = tokenAuthentication('jwt');
  const admin = new PulsarAdmin({ url, authentication, timeoutMs: 5_000, tls: {} });
  t.strictSame(await admin.ledgers(topic), {
    ledgers: [
      { ledgerId: 4, entries: 9, sizeBytes: 90 },
      { ledgerId: 6, entries: 2, sizeBytes: 20 },
    ],
    last: { ledgerId: 6, entryId: 1 },
  });
  t.equal(await admin.property(topic, 'start'), null);
  await admin.setProperty(topic, 'start', '7');
  t.equal(await admin.property(topic, 'start'), '7');
  t.equal(await admin.property(topic, 'index'), '3');
  t.match(await admin.entryAtTime(topic, 12), { ledgerId: 4, entryId: 2 });
});

t.test('a topic that is there, gone, being deleted, or smaller', async (t) => {
  const told: Record<string, object> = {
    whole: { partitions: 3, deleted: false },
    going: { partitions: 3, deleted: true },
    plain: { partitions: 0 },
  };
  const url = await serve(t, ({ url: path = '' }, response) => {
    const answer = told[/\/b\/(\w+)\/partitions\?/.exec(path)?.[1] ?? ''];
    if (answer === undefined) response.statusCode = 404;
    response.end(JSON.stringify(answer ?? {}));
  });
  const settings = { url, authentication: noAuthentication, timeoutMs: 5_000, tls: {} };
  const admin = new PulsarAdmin(settings);
  t.teardown(() => admin.close());
  const there: [topic: string, isThere: boolean][] = [
    ['whole-partition-2', true],
    ['whole-partition-3', false],
    ['going-partition-0', false],
    ['plain', true],
    ['gone', false],
    ['gone-partition-0', false],
  ];
  for (const [name, isThere] of there) {
    t.equal(await admin.exists(`persistent://a/b/${name}`), isThere, name);
  }
});
