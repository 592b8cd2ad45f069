import { fdatasync } from 'node:fs';
import type { Syncer } from '../codecs.js';

/** Syncs on libuv's threads, which all of the process's file and DNS work shares. */
export class FallbackSyncer implements Syncer {
  #closed = false;

  sync(fd: number, done: (errno: number) => void): void {
    if (this.#closed) throw new Error('the syncer is closed');
    fdatasync(fd, (error) => {
      if (!this.#closed) done(error === null ? 0 : Math.abs(error.errno ?? -1));
    });
  }

  close(): void {
    this.#closed = true;
  }
}
