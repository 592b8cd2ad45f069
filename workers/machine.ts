import { type Codecs, createSyncer, loadCodecs } from '../native/index.js';
import { type Disk, nodeDisk } from './log/embedded/disk.js';
import { type Sleeper, threadSleeper } from './ring/bell.js';

/** What a partition thread has around it. A simulation puts another one in its place. */
export interface Machine {
  readonly disk: Disk;
  readonly codecs: Codecs;
  readonly sleeper: Sleeper;
  /** Ms since the epoch. */
  now(): number;
  /** Calls back every `intervalMs`, until the function that it returns is called. */
  every(intervalMs: number, act: () => void): () => void;
  close(): void;
}

/** The one that this thread runs on. */
export function thisMachine(): Machine {
  const syncer = createSyncer();
  return {
    disk: nodeDisk(syncer),
    codecs: loadCodecs(),
    sleeper: threadSleeper,
    now: Date.now,
    every(intervalMs, act) {
      const timer = setInterval(act, intervalMs);
      return () => clearInterval(timer);
    },
    close: () => syncer.close(),
  };
}
