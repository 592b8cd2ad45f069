/** What `/metrics` says, by the name of the metric: summed up over its labels. */
export type Metrics = ReadonlyMap<string, number>;

export function parseMetrics(text: string): Metrics {
  const sums = new Map<string, number>();
  for (const [, name = '', value] of text.matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm)) {
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

/** What requests and their connections hold: nothing of it is left once nobody asks for anything. */
export const returnedAtRest = [
  'kopje_connections',
  'kopje_requests_in_flight',
  'kopje_request_queue_size',
  'kopje_request_queue_bytes',
  'kopje_reply_queue_bytes',
  'kopje_landing_used_bytes',
  'kopje_landing_waiting_connections',
  'kopje_reply_slab_used_bytes',
  'kopje_ring_depth',
  'kopje_ring_outstanding',
  'kopje_waiting_fetches',
] as const;

/** What is still held, as `name value`; a metric that is missing counts as held. */
export function heldAtRest(metrics: Metrics): string[] {
  return returnedAtRest
    .filter((name) => metrics.get(name) !== 0)
    .map((name) => `${name} ${metrics.get(name)}`);
}
