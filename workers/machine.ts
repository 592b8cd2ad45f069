import { rm } from 'node:fs/promises';
import { type Codecs, createSyncer, loadCodecs, type Syncer } from '../native/index.js';
import { type Disk, nodeDisk } from './log/embedded/disk.js';
import { MemoryDisk } from './log/embedded/memory-disk.js';
import { type Sleeper, threadSleeper } from './ring/bell.js';
import type { WorkerSettings } from './ring/control.js';

/** What a partition thread has around it. A simulation puts another one in its place. */
export interface Machine {
  readonly disk: Disk;
  /** Whether other threads find the same files; else this one has to compact its segments itself. */
  readonly isDiskShared: boolean;
  readonly codecs: Codecs;
  readonly sleeper: Sleeper;
  /** Ms since the epoch. */
  now(): number;
  /** Calls back every `intervalMs`, until the function that it returns is called. */
  every(intervalMs: number, act: () => void): () => void;
  /** Removes a directory that nobody looks for any more, with all that is in it, when there is time. */
  removeDirectory(path: string): void;
  close(): void;
}

/** The one that this thread runs on, with its records on disk or in the thread's own memory. */
export function thisMachine({ storage }: Pick<WorkerSettings, 'storage'>): Machine {
  const syncer = createSyncer();
  return {
    ...(storage === 'memory' ? ownMemory() : sharedDisk(syncer)),
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

type Store = Pick<Machine, 'disk' | 'isDiskShared' | 'removeDirectory'>;

function sharedDisk(syncer: Syncer): Store {
  return {
    disk: nodeDisk(syncer),
    isDiskShared: true,
    removeDirectory(path) {
      // A directory that stays is found and removed by the next start.
      rm(path, { recursive: true, force: true }).catch(() => {});
    },
  };
}

function ownMemory(): Store {
  const disk = new MemoryDisk();
  return { disk, isDiskShared: false, removeDirectory: (path) => disk.removeDirectory(path) };
}
