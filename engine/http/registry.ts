import { collectDefaultMetrics, type Gauge, Registry } from 'prom-client';
import type { Observed } from './metric.js';
import { metricAreas } from './metrics.js';

/**
 * All metrics as a registry of prom-client's. Nothing is kept in it: values are read from the broker when
 * somebody asks, so that counting costs the broker an addition and no more. Beside ours it has the
 * process's and Node's own, by the names that every Prometheus client for Node uses.
 */
export function registryOf(observed: Observed): Registry {
  const registry = new Registry();
  for (const { name, type, help, read } of metricAreas.flatMap(({ metrics }) => metrics)) {
    const metric = {
      name,
      get: () => Promise.resolve({ name, type, help, values: [...read(observed)] }),
    };
    // A registry asks its metrics for no more than this; prom-client's types know its own classes only.
    registry.registerMetric(metric as unknown as Gauge);
  }
  collectDefaultMetrics({ register: registry });
  return registry;
}
