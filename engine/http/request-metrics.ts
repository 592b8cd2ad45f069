import { apis } from '../api/served.js';
import { durationBounds } from '../frame/request-meter.js';
import type { Connection } from '../listen/connection.js';
import type { Metric, Observed, Sample } from './metric.js';

const durationName = 'kopje_request_duration_seconds';

function* durations({ meter }: Observed): Iterable<Sample> {
  for (const { key, name: api } of apis.values()) {
    const { count, sumSeconds, buckets } = meter.durationsOf(key);
    if (count === 0) continue;
    let upTo = 0;
    for (const [index, bound] of [...durationBounds, '+Inf'].entries()) {
      upTo += buckets[index] as number;
      yield { metricName: `${durationName}_bucket`, labels: { api, le: bound }, value: upTo };
    }
    yield { metricName: `${durationName}_sum`, labels: { api }, value: sumSeconds };
    yield { metricName: `${durationName}_count`, labels: { api }, value: count };
  }
}

function sumOver({ front }: Observed, of: (connection: Connection) => number): Sample[] {
  let value = 0;
  for (const connection of front.connections) value += of(connection);
  return [{ value }];
}

function* connections({ front, listeners }: Observed): Iterable<Sample> {
  const counts = new Map(listeners.map(({ name }) => [name, 0]));
  for (const { listener } of front.connections) {
    counts.set(listener, (counts.get(listener) ?? 0) + 1);
  }
  for (const [listener, value] of counts) yield { labels: { listener }, value };
}

/** Connections, requests and the bytes on the wire. */
export const requestMetrics: readonly Metric[] = [
  {
    name: 'kopje_connections',
    type: 'gauge',
    help: 'Client connections that are open.',
    labels: { listener: 'name of the listener that they came in by' },
    read: connections,
  },
  {
    name: 'kopje_connections_refused_total',
    type: 'counter',
    help: 'Connections that were closed at once, beyond maxConnections.',
    labels: {},
    read: ({ front }) => [{ value: front.refused }],
  },
  {
    name: durationName,
    type: 'histogram',
    help: 'Time from the start of a request to its answer; a Fetch or JoinGroup may wait in it. Its count is that of the requests.',
    labels: { api: 'name of the Kafka API' },
    read: durations,
  },
  {
    name: 'kopje_requests_in_flight',
    type: 'gauge',
    help: 'Requests that have begun and are not answered.',
    labels: {},
    read: (observed) => sumOver(observed, ({ activeRequests }) => activeRequests),
  },
  {
    name: 'kopje_request_queue_size',
    type: 'gauge',
    help: 'Requests that were read and wait for the one before them on their connection.',
    labels: {},
    read: (observed) => sumOver(observed, ({ waitingRequests }) => waitingRequests),
  },
  {
    name: 'kopje_request_queue_bytes',
    type: 'gauge',
    help: 'Bytes of the requests in the queue.',
    labels: {},
    read: (observed) => sumOver(observed, ({ waitingBytes }) => waitingBytes),
  },
  {
    name: 'kopje_reply_queue_bytes',
    type: 'gauge',
    help: 'Bytes of replies that the operating system has not taken yet.',
    labels: {},
    read: (observed) => sumOver(observed, ({ replies }) => replies.unsentBytes),
  },
  {
    name: 'kopje_received_bytes_total',
    type: 'counter',
    help: 'Bytes read from client connections.',
    labels: {},
    read: ({ meter }) => [{ value: meter.receivedBytes }],
  },
  {
    name: 'kopje_sent_bytes_total',
    type: 'counter',
    help: 'Bytes of the replies to clients.',
    labels: {},
    read: ({ meter }) => [{ value: meter.sentBytes }],
  },
  {
    name: 'kopje_fetch_bytes_total',
    type: 'counter',
    help: 'Record bytes in the replies to Fetch.',
    labels: {},
    read: ({ meter }) => [{ value: meter.fetchedBytes }],
  },
];
