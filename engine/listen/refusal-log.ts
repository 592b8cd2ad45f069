import type { Logger } from 'pino';
import { describeFault } from '../../workers/ring/refusal.js';
import type { RequestContext } from '../api/api.js';
import { ErrorCode, errorMessage, errorName } from '../protocol/kafka/errors.js';
import { PeerLog } from './peer-log.js';

/** A client may send the same batch again and again: so long its next refusal is only counted. */
const periodSweeps = 10;

/** What has a line of its own, or passes once the client has fresh metadata. */
const untold: ReadonlySet<number> = new Set([
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
]);

/** The part of a request that a line names. */
type Producer = Pick<RequestContext, 'clientHost' | 'clientId' | 'connectionId' | 'listener'>;

/** Tells of record sets that were refused: one line for each connection and partition in some seconds. */
export class RefusalLog {
  readonly #lines: PeerLog;

  constructor(log: Logger) {
    this.#lines = new PeerLog(log, {
      count: 'refused',
      rest: 'further record sets were refused',
      sweeps: periodSweeps,
    });
  }

  /** `fault` as in `Completion.fault`. */
  tell(
    { clientHost, clientId, connectionId, listener }: Producer,
    topic: string,
    partition: number,
    errorCode: number,
    fault: number,
  ): void {
    if (untold.has(errorCode)) return;
    this.#lines.tell(
      clientHost,
      { listener, clientId, topic, partition, error: errorName(errorCode) },
      `a record set was refused: ${describeFault(fault) ?? errorMessage(errorCode)}`,
      `${connectionId} ${topic} ${partition}`,
    );
  }

  /** Called once a second. */
  sweep(): void {
    this.#lines.sweep();
  }

  /** Tells what was only counted, before the end. */
  flush(): void {
    this.#lines.flush();
  }
}
