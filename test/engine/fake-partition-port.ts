import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  AbortedTransaction,
  AppendOutcome,
  ListedOffset,
  OpenSpec,
  PartitionPort,
  PartitionRef,
  PartitionState,
  ProducerRow,
} from '../../engine/route/partition-port.js';
import type { LogConfig } from '../../workers/ring/control.js';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Partitions without workers: directories on disk, and states that a test sets by hand. */
export class FakePartitionPort implements PartitionPort {
  readonly opened: OpenSpec[] = [];
  readonly closed: string[] = [];
  readonly configured: [name: string, config: LogConfig][] = [];
  readonly trims: [name: string, offset: number][] = [];
  readonly states = new Map<string, PartitionState>();
  readonly listed = new Map<string, (timestamp: number) => ListedOffset>();
  readonly producerRows = new Map<string, ProducerRow[]>();
  /** Names of partitions that cannot be opened. */
  readonly failing = new Set<string>();
  /** Names of partitions whose owner is gone. */
  readonly unclosable = new Set<string>();
  readonly #dataDirectory: string;
  #slots = 0;

  constructor(dataDirectory: string) {
    this.#dataDirectory = dataDirectory;
  }

  async open(spec: OpenSpec): Promise<PartitionRef> {
    const name = `${spec.topic}-${spec.partition}`;
    this.opened.push(spec);
    if (spec.create) {
      const directory = join(this.#dataDirectory, name);
      await mkdir(directory);
      const metadata = `version: 0\ntopic_id: ${spec.topicId}`;
      await writeFile(join(directory, 'partition.metadata'), metadata);
    }
    if (this.failing.has(name)) throw new Error(`cannot open ${name}`);
    this.states.set(name, {
      logStartOffset: spec.logStartOffset,
      highWatermark: spec.logStartOffset,
      lastStableOffset: spec.logStartOffset,
      highWatermarkBytes: 0,
      logEndOffset: spec.logStartOffset,
      leaderEpoch: 0,
      recoveryPoint: spec.recoveryPoint,
    });
    const { topic, topicId, partition } = spec;
    return {
      topic,
      topicId,
      partition,
      slot: this.#slots++,
      worker: 0,
      online: true,
      offlineErrorCode: 6,
    };
  }

  async close(ref: PartitionRef, remove: boolean): Promise<void> {
    (ref as Writable<PartitionRef>).online = false;
    const name = nameOf(ref);
    if (this.unclosable.has(name)) throw new Error(`cannot close ${name}`);
    this.closed.push(name);
    if (!remove) return;
    const aside = `${name}.${'0'.repeat(31)}${ref.slot % 10}-delete`;
    await rename(join(this.#dataDirectory, name), join(this.#dataDirectory, aside));
  }

  async configure(ref: PartitionRef, config: LogConfig): Promise<void> {
    this.configured.push([nameOf(ref), config]);
  }

  async append(): Promise<AppendOutcome> {
    throw new Error('the fake takes no records');
  }

  async read(): Promise<Uint8Array> {
    return new Uint8Array(0);
  }

  state(ref: PartitionRef): PartitionState {
    const state = this.states.get(nameOf(ref));
    if (!state) throw new Error(`no state of ${nameOf(ref)}`);
    return state;
  }

  /** Changes what the owner of a partition would publish. */
  publish(name: string, state: Partial<PartitionState>): void {
    Object.assign(this.states.get(name)!, state);
  }

  async aborted(): Promise<AbortedTransaction[]> {
    return [];
  }

  async listOffset(ref: PartitionRef, timestamp: number): Promise<ListedOffset> {
    const answer = this.listed.get(nameOf(ref));
    return answer?.(timestamp) ?? { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 };
  }

  async endOffsetForEpoch(ref: PartitionRef, leaderEpoch: number): Promise<ListedOffset> {
    const state = this.state(ref);
    if (leaderEpoch > state.leaderEpoch) {
      return { errorCode: 0, offset: -1, timestamp: -1, leaderEpoch: -1 };
    }
    return { errorCode: 0, offset: state.highWatermark, timestamp: -1, leaderEpoch };
  }

  async trim(
    ref: PartitionRef,
    offset: number,
  ): Promise<{ errorCode: number; logStartOffset: number }> {
    const state = this.state(ref);
    this.trims.push([nameOf(ref), offset]);
    if (offset > state.highWatermark) return { errorCode: 1, logStartOffset: -1 };
    state.logStartOffset = Math.max(
      state.logStartOffset,
      offset === -1 ? state.highWatermark : offset,
    );
    return { errorCode: 0, logStartOffset: state.logStartOffset };
  }

  async producers(ref: PartitionRef): Promise<ProducerRow[]> {
    return this.producerRows.get(nameOf(ref)) ?? [];
  }

  async placeOf(): Promise<null> {
    return null;
  }

  async describe(): Promise<{ sizeBytes: number }> {
    return { sizeBytes: 4096 };
  }
}

function nameOf(ref: PartitionRef): string {
  return `${ref.topic}-${ref.partition}`;
}
