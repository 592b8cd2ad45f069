import type { Peer } from './peer.js';

/** Steps that are taken with both brokers alike. */
export interface Scenario {
  /** Name of the API, then what is tried: `fetch/sessions`. */
  readonly name: string;
  /** Takes what others need: comes when they have ended. */
  readonly comesLast?: boolean;
  /** Restarts the broker: comes at the very end, and only if both brokers are of this run. */
  readonly restarts?: boolean;
  /** Takes minutes: runs only if its whole name is given. */
  readonly onlyNamed?: boolean;
  readonly run: (peer: Peer) => Promise<void>;
}
