import type { Logger } from 'pino';

/** Partitions that tell the same within so long have one line in the log. */
const momentMs = 250;
/** Those that the line names. */
const maxNamed = 5;

export type NoticeLevel = 'info' | 'warn' | 'error';

/** Of a partition, and what else there is to say. */
export interface NoticeFields {
  readonly topic: string;
  readonly partition: number;
  readonly [more: string]: unknown;
}

interface Told {
  readonly level: NoticeLevel;
  readonly message: string;
  /** Of the first one. */
  readonly fields: NoticeFields;
  readonly named: string[];
  count: number;
}

/** What ails many partitions at once, as when the way to Pulsar is lost, is told once for all of them. */
export class PartitionNotices {
  readonly #log: Logger;
  readonly #told = new Map<string, Told>();
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param message the same for all whom it may happen to at once; the rest is in the fields */
  tell(level: NoticeLevel, fields: NoticeFields, message: string): void {
    const key = `${level} ${message}`;
    const told = this.#told.get(key) ?? { level, message, fields, named: [], count: 0 };
    if (told.count++ < maxNamed) told.named.push(`${fields.topic}-${fields.partition}`);
    this.#told.set(key, told);
    this.#timer ??= setTimeout(() => this.flush(), momentMs).unref();
  }

  /** Tells now what waits for more of its kind. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const { level, message, fields, named, count } of this.#told.values()) {
      if (count === 1) this.#log[level](fields, message);
      else {
        const { topic: _, partition: __, ...rest } = fields;
        this.#log[level]({ ...rest, partitions: count, first: named }, message);
      }
    }
    this.#told.clear();
  }
}
