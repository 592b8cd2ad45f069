import { open } from 'node:fs/promises';

/** For branches, free lists and splits, whatever the changes are. */
const slackBytes = 128 * 1024;
/** Added at once, so that few changes have to wait for it. */
const stepBytes = 256 * 1024;

/**
 * Keeps an LMDB file longer than its pages, by what the changes under way may add, so that LMDB itself never meets a full
 * disk: lmdb 3.5 answers a write that fails with more text than it has memory for, which ends the process, and
 * takes a short write for an I/O error.
 */
export class LmdbRoom {
  readonly #path: string;
  readonly #usedBytes: () => number;
  #sizeBytes = 0;
  #claimedBytes = 0;
  #growing: Promise<void> = Promise.resolve();

  /** @param usedBytes where LMDB's pages end at the moment */
  constructor(path: string, usedBytes: () => number) {
    this.#path = path;
    this.#usedBytes = usedBytes;
  }

  /** Makes a change once there is room for `sizeBytes` of it. Rejects with what the disk says if there is none. */
  async with<Result>(sizeBytes: number, change: () => Promise<Result>): Promise<Result> {
    this.#claimedBytes += sizeBytes;
    try {
      this.#growing = this.#growing.then(
        () => this.#grow(),
        () => this.#grow(),
      );
      await this.#growing;
      return await change();
    } finally {
      this.#claimedBytes -= sizeBytes;
    }
  }

  async #grow(): Promise<void> {
    const neededBytes = this.#usedBytes() + this.#claimedBytes + slackBytes;
    if (this.#sizeBytes >= neededBytes) return;
    // Appending never touches what LMDB writes meanwhile, wherever the file ends by then.
    const handle = await open(this.#path, 'a');
    try {
      this.#sizeBytes = (await handle.stat()).size;
      if (this.#sizeBytes >= neededBytes) return;
      const missingBytes = neededBytes - this.#sizeBytes + stepBytes;
      const fault = await handle.appendFile(Buffer.alloc(missingBytes)).catch((error) => error);
      this.#sizeBytes = (await handle.stat()).size;
      if (this.#sizeBytes < neededBytes) throw fault;
    } finally {
      await handle.close();
    }
  }
}
