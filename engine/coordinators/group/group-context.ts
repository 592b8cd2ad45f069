import type { Logger } from 'pino';
import type { ClassicGroup } from './classic-group.js';
import type { Deadlines } from './deadlines.js';

/** The settings that groups follow; names and meaning as in the settings schema. */
export interface GroupSettings {
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMaxSize: number;
  readonly offsetMetadataMaxSize: number;
  readonly offsetsRetentionMinutes: number;
  readonly offsetsRetentionCheckIntervalMs: number;
}

/** What the state machine of groups is given: time, deadlines and a place to keep itself. */
export interface GroupContext {
  readonly settings: GroupSettings;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  now(): number;
  /** A fresh UUID in text form. */
  newUuid(): string;
  /** Nobody is in the group, or about to be, who ever was in it; it need not be kept. */
  abandoned(group: ClassicGroup): void;
  /**
   * Queues the group's present state, with `assignments` by member id, to be appended. `committed`
   * runs once it is on disk. Where the append fails it never runs: the partition's state, this group
   * with it, is dropped and read again.
   */
  persist(
    group: ClassicGroup,
    assignments: ReadonlyMap<string, Uint8Array>,
    committed: () => void,
  ): void;
}
