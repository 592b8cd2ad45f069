import t from 'tap';
import { loadSettings } from '../../../engine/config/load.js';

const load = async (...set: string[]) => (await loadSettings({ set })).settings;
const fails = (...set: string[]) =>
  load(...set).then(
    () => 'no mistake',
    (error: Error) => error.message,
  );

t.test('several listeners, IPv4, IPv6 and names', async (t) => {
  const { kafkaListeners } = await load(
    'kafkaListeners=plaintext://127.0.0.1:9092, INTERNAL://[::1]:9093,HOST://localhost:0',
  );
  t.strictSame(kafkaListeners, [
    { name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 },
    { name: 'INTERNAL', host: '::1', port: 9093 },
    { name: 'HOST', host: 'localhost', port: 0 },
  ]);
});

t.test('what is no listener', async (t) => {
  t.match(
    await fails('kafkaListeners=localhost:9092'),
    /'localhost:9092' is not name:\/\/host:port/,
  );
  t.match(await fails('kafkaListeners=P://::1:9092'), /is not name:\/\/host:port/);
  t.match(await fails('kafkaListeners=P://h:70000'), /port above 65535/);
  t.match(await fails('kafkaListeners=P://:9092'), /names no host/);
  t.match(await fails('kafkaListeners='), /names no listener/);
  t.match(await fails('kafkaListeners=SASL_SSL://h:9092'), /TLS and SASL arrive later/);
  t.match(await fails('kafkaListeners=P://a:1,P://b:2'), /two listeners are called P/);
  t.match(await fails('kafkaListeners=P://a:1,Q://a:1'), /two listeners have a port 1/);
});

t.test('advertised listeners', async (t) => {
  const everywhere = 'kafkaListeners=P://0.0.0.0:9092';
  t.match(await fails(everywhere), /kafkaAdvertisedListeners must say where/);
  t.match(await fails('kafkaListeners=P://[::]:9092'), /kafkaAdvertisedListeners must say where/);
  t.match(await fails('kafkaAdvertisedListeners=Q://a:1'), /has Q, which kafkaListeners has not/);
  t.match(
    await fails(everywhere, 'kafkaAdvertisedListeners=P://0.0.0.0:9092'),
    /which is no address to connect to/,
  );
  const settings = await load(everywhere, 'kafkaAdvertisedListeners=P://kopje.example:9092');
  t.strictSame(settings.kafkaAdvertisedListeners, [
    { name: 'P', host: 'kopje.example', port: 9092 },
  ]);
});

t.test('the address of the HTTP server', async (t) => {
  t.equal((await load()).httpListener, null, 'off unless given');
  t.equal((await load('httpListener=')).httpListener, null);
  t.strictSame((await load('httpListener=[::1]:0')).httpListener, { host: '::1', port: 0 });
  t.match(await fails('httpListener=9644'), /must be host:port .* not '9644'/);
  t.match(await fails('httpListener=h:70000'), /must be host:port/);
  t.match(await fails('kafkaListeners=P://a:1', 'httpListener=a:1'), /two listeners have a port 1/);
});
