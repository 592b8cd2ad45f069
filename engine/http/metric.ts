import type { WorkerPool } from '../../workers/pool/pool.js';
import type { Catalog } from '../catalog/catalog.js';
import type { GroupCoordinator } from '../coordinators/group/coordinator.js';
import type { RequestMeter } from '../frame/request-meter.js';
import type { LandingSlab } from '../listen/landing-slab.js';
import type { BoundListener, Listeners } from '../listen/listeners.js';
import type { FetchSessions } from '../wait/fetch-session.js';
import type { WaitingFetches } from '../wait/waiting-fetches.js';

/** The parts of a broker that metrics are read from, when somebody asks. */
export interface Observed {
  readonly meter: RequestMeter;
  readonly front: Listeners;
  readonly slab: LandingSlab;
  readonly pool: WorkerPool;
  readonly waits: WaitingFetches;
  readonly sessions: FetchSessions;
  /** Empty until they are bound. */
  readonly listeners: readonly BoundListener[];
  /** Why nobody is served, where it is not this node's turn; null where it is. */
  readonly waitsFor: string | null;
  /** Null until it is open, with every partition tried. */
  readonly catalog: Catalog | null;
  /** Null until it has started. */
  readonly groups: GroupCoordinator | null;
}

/** One line of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Of a histogram: the metric's name with its ending. */
  readonly metricName?: string;
}

/** One metric: all that docs/metrics.md says of it, and how it is read. */
export interface Metric {
  readonly name: `kopje_${string}`;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** What its labels mean. None has a label that grows with topics, partitions or groups. */
  readonly labels: Readonly<Record<string, string>>;
  read(observed: Observed): Iterable<Sample>;
}
