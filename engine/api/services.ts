import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.js';
import type { ProducerIds } from '../catalog/producer-ids.js';
import type { Settings } from '../config/schema.js';
import type { GroupCoordinator } from '../coordinators/group/coordinator.js';
import type { RefusalLog } from '../listen/refusal-log.js';
import type { SegmentFiles } from '../reply/segment-files.js';
import type { PartitionPort } from '../route/partition-port.js';
import type { RingPort } from '../route/ring-port.js';
import type { FetchSessions } from '../wait/fetch-session.js';
import type { WaitingFetches } from '../wait/waiting-fetches.js';
import type { Api } from './api.js';

/** Where clients of a listener are told to connect. */
export interface AdvertisedListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** What handlers work with; built once by the broker. */
export interface Services {
  readonly settings: Settings;
  readonly log: Logger;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly catalog: Catalog;
  readonly partitions: PartitionPort;
  /** The way of Produce and Fetch to the workers. */
  readonly rings: RingPort;
  readonly waits: WaitingFetches;
  readonly sessions: FetchSessions;
  readonly refusals: RefusalLog;
  /** Segment files to send from; null where replies are read and written. */
  readonly files: SegmentFiles | null;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
  /** Every API that is served, by key. */
  readonly apis: ReadonlyMap<number, Api>;
  /** By listener name. */
  readonly advertised: ReadonlyMap<string, AdvertisedListener>;
}
