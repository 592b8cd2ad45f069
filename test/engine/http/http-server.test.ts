import t from 'tap';
import { ended, kopje, lineOf, start } from '../cli/kopje.js';

const words = ['serve', '--set', 'workers=2', '--set', 'kafkaListeners=PLAINTEXT://127.0.0.1:0'];

/** The sample lines of a Prometheus text, by what is before the value. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line): [string, number] => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

t.test('health, readiness and metrics of a broker', async (t) => {
  const child = start([...words, '--set', 'httpListener=127.0.0.1:0'], { cwd: t.testdir({}) });
  t.teardown(() => child.kill('SIGKILL'));
  const ready = await lineOf(child, /^kopje ready/);
  const [, address = ''] = / (http:\/\/127\.0\.0\.1:[1-9]\d*) backend=/.exec(ready) ?? [];
  t.not(address, '', 'the ready line names the address');
  const get = (path: string, method = 'GET') => fetch(`${address}${path}`, { method });

  const health = await get('/health');
  t.equal(health.status, 200);
  t.equal(await health.text(), 'alive\n');
  const readiness = await get('/ready?verbose');
  t.equal(readiness.status, 200);
  t.equal(await readiness.text(), 'ready\n');
  t.equal((await get('/')).status, 404);
  const refused = await get('/metrics', 'POST');
  t.equal(refused.status, 405);
  t.equal(refused.headers.get('allow'), 'GET, HEAD');
  t.equal(await (await get('/metrics', 'HEAD')).text(), '');

  const metrics = await get('/metrics');
  t.match(metrics.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const samples = samplesOf(await metrics.text());
  t.equal(samples.get('kopje_connections{listener="PLAINTEXT"}'), 0);
  t.equal(samples.get('kopje_worker_restarts_total{worker="1"}'), 0);
  t.equal(samples.get('kopje_partitions{state="offline"}'), 0);
  t.ok((samples.get('process_resident_memory_bytes') ?? 0) > 0);
  t.ok(samples.has('nodejs_eventloop_lag_p99_seconds'));

  child.kill('SIGTERM');
  t.equal((await ended(child)).code, 0, 'an open keep-alive connection does not hold the stop up');
});

t.test('an address that cannot be bound stops the start', async (t) => {
  const { code, stderr } = await kopje([...words, '--set', 'httpListener=192.0.2.1:9644'], {
    cwd: t.testdir({}),
  });
  t.equal(code, 4);
  t.match(stderr, /httpListener cannot bind 192\.0\.2\.1:9644/);
});
