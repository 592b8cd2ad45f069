import t from 'tap';
import { durationBounds, RequestMeter } from '../../../engine/frame/request-meter.js';
import type { Metric, Observed } from '../../../engine/http/metric.js';
import { metricAreas } from '../../../engine/http/metrics.js';

const metrics = metricAreas.flatMap((area) => area.metrics);
const metric = (name: string) => metrics.find((one) => one.name === name) as Metric;
const read = (name: string, observed: object) => [...metric(name).read(observed as Observed)];

t.test('names and help keep to what Prometheus recommends', async (t) => {
  t.equal(new Set(metrics.map(({ name }) => name)).size, metrics.length, 'each once');
  for (const { name, type, help } of metrics) {
    t.match(name, /^kopje_[a-z]+(_[a-z]+)*$/);
    t.equal(name.endsWith('_total'), type === 'counter', name);
    t.match(help, /^[A-Z].*\.$/, name);
  }
});

t.test('no label grows with topics, partitions or groups', async (t) => {
  const bounded = new Set(['listener', 'api', 'site', 'part', 'worker', 'state']);
  for (const { name, labels } of metrics) {
    for (const label of Object.keys(labels)) t.ok(bounded.has(label), `${name} ${label}`);
  }
});

t.test('durations of requests become a histogram that sums up', async (t) => {
  const meter = new RequestMeter(75);
  meter.answered(18, 0.05);
  meter.answered(18, 3);
  meter.answered(18, 60_000);
  meter.answered(3, 1);
  const lines = read('kopje_request_duration_seconds', { meter });
  const of = (api: string, ending: string) =>
    lines.filter(
      ({ labels, metricName }) => labels?.['api'] === api && metricName?.endsWith(ending),
    );
  const buckets = of('ApiVersions', '_bucket');
  t.strictSame(
    buckets.map(({ labels }) => labels?.['le']),
    [...durationBounds, '+Inf'],
  );
  const at = (bound: number | string) =>
    buckets.find(({ labels }) => labels?.['le'] === bound)?.value;
  t.equal(at(0.000_1), 1);
  t.equal(at(0.002_5), 1);
  t.equal(at(0.005), 2);
  t.equal(at(10), 2);
  t.equal(at('+Inf'), 3);
  t.equal(of('ApiVersions', '_count')[0]?.value, 3);
  t.equal(of('ApiVersions', '_sum')[0]?.value, 60.003_05);
  t.equal(of('Metadata', '_bucket')[3]?.value, 1, 'a bound belongs to its bucket');
  t.strictSame(of('Fetch', ''), [], 'an API that nobody used has no lines');
});

t.test('connections are counted by listener, those without any as well', async (t) => {
  const front = { connections: new Set([{ listener: 'A' }, { listener: 'A' }]) };
  const listeners = [{ name: 'A' }, { name: 'B' }];
  t.strictSame(read('kopje_connections', { front, listeners }), [
    { labels: { listener: 'A' }, value: 2 },
    { labels: { listener: 'B' }, value: 0 },
  ]);
});

t.test('groups are counted by state', async (t) => {
  const groups = { listGroups: () => ({ groups: [{ state: 'Stable' }, { state: 'Stable' }] }) };
  const lines = read('kopje_groups', { groups });
  t.equal(lines.length, 5);
  t.strictSame(
    lines.filter(({ value }) => value > 0),
    [{ labels: { state: 'Stable' }, value: 2 }],
  );
  t.ok(
    read('kopje_groups', { groups: null }).every(({ value }) => value === 0),
    'before they started',
  );
});
