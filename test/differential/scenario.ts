import type { Peer } from './peer.js';

/** Steps that are taken with both brokers alike. */
export interface Scenario {
  /** Name of the API, then what is tried: `fetch/sessions`. */
  readonly name: string;
  /** Takes what others need: comes when they have ended. */
  readonly comesLast?: boolean;
  readonly run: (peer: Peer) => Promise<void>;
}
