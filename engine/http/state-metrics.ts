import type { GroupState } from '../coordinators/group/classic-group.js';
import type { Metric, Observed, Sample } from './metric.js';

const groupStates: readonly GroupState[] = [
  'Empty',
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
];

function* partitions({ catalog }: Observed): Iterable<Sample> {
  let online = 0;
  let offline = 0;
  for (const { partitions } of catalog?.topics() ?? []) {
    for (const ref of partitions) {
      if (ref.online) online++;
      else offline++;
    }
  }
  yield { labels: { state: 'online' }, value: online };
  yield { labels: { state: 'offline' }, value: offline };
}

function* groups(observed: Observed): Iterable<Sample> {
  const found = observed.groups?.listGroups().groups ?? [];
  for (const state of groupStates) {
    yield { labels: { state }, value: found.filter((group) => group.state === state).length };
  }
}

/** What the broker holds: partitions, fetches, sessions, groups. */
export const stateMetrics: readonly Metric[] = [
  {
    name: 'kopje_partitions',
    type: 'gauge',
    help: 'Partitions of this broker.',
    labels: { state: '`online`, or `offline` while a fault is mended' },
    read: partitions,
  },
  {
    name: 'kopje_waiting_fetches',
    type: 'gauge',
    help: 'Fetches that wait for records.',
    labels: {},
    read: ({ waits }) => [{ value: waits.size }],
  },
  {
    name: 'kopje_fetch_sessions',
    type: 'gauge',
    help: 'Incremental fetch sessions (KIP-227).',
    labels: {},
    read: ({ sessions }) => [{ value: sessions.size }],
  },
  {
    name: 'kopje_groups',
    type: 'gauge',
    help: 'Consumer groups.',
    labels: { state: 'their state, by the names that Kafka shows' },
    read: groups,
  },
];
