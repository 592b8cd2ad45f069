import { memoryMetrics } from './memory-metrics.js';
import type { Metric } from './metric.js';
import { requestMetrics } from './request-metrics.js';
import { stateMetrics } from './state-metrics.js';

/** Every metric of our own, by what it tells of, in the order of docs/metrics.md. */
export const metricAreas: readonly {
  readonly title: string;
  readonly metrics: readonly Metric[];
}[] = [
  { title: 'Connections and requests', metrics: requestMetrics },
  { title: 'Records, memory and partition threads', metrics: memoryMetrics },
  { title: 'Partitions, fetches and groups', metrics: stateMetrics },
];
