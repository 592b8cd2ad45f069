import type { LogConfig, OpenPartition, PulsarOrigin } from '../../workers/ring/control.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import type { OpenSpec, PartitionRef } from './partition-port.js';

let lastGeneration = 0;

/** What differs from one opening of a partition to the next. */
type OpeningField = 'create' | 'recoveryPoint' | 'logStartOffset' | 'cleanShutdown';

/**
 * The main thread's record of an open partition. Its line, worker and name stay; its generation rises
 * with every opening, so that what was meant for an earlier one is refused.
 */
export class PartitionSlot implements PartitionRef {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly slot: number;
  readonly worker: number;
  generation = 0;
  online = false;
  offlineErrorCode: number = ErrorCode.NOT_LEADER_OR_FOLLOWER;
  /** Set once it is closed for good; it is not opened again. */
  retired = false;
  config: LogConfig;
  readonly #pulsar: PulsarOrigin | undefined;
  /** Openings that failed since the last success; sets the back-off of the next. */
  failures = 0;
  /** A timer is set for the next opening. */
  waitsForOpening = false;
  /** When another owner took it last, by the steady clock. */
  fencedMs = Number.NEGATIVE_INFINITY;

  constructor(spec: OpenSpec, slot: number, worker: number) {
    this.topic = spec.topic;
    this.topicId = spec.topicId;
    this.partition = spec.partition;
    this.config = spec.config;
    this.#pulsar = spec.pulsar;
    this.slot = slot;
    this.worker = worker;
  }

  /** What the worker needs for the next opening. No two openings share a generation, of whatever partition. */
  nextOpening(spec: Pick<OpenSpec, OpeningField>): OpenPartition {
    this.generation = ++lastGeneration;
    return {
      slot: this.slot,
      generation: this.generation,
      topic: this.topic,
      topicId: this.topicId,
      partition: this.partition,
      config: this.config,
      create: spec.create,
      recoveryPoint: spec.recoveryPoint,
      logStartOffset: spec.logStartOffset,
      cleanShutdown: spec.cleanShutdown,
      ...(this.#pulsar !== undefined && { pulsar: this.#pulsar }),
    };
  }
}
