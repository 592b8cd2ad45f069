import { join } from 'node:path';
import type { Codecs } from '../../../native/codecs.js';
import type { Disk } from './disk.js';
import { readWhole, writeFully } from './small-file.js';

const fileName = 'recovery-point';
/** int64 offset, uint32 CRC of it. */
const fileBytes = 12;

/**
 * How far a partition's log was synced, noted by its own thread. The checkpoint of the data directory is seconds
 * behind; what lies beyond the recovery point is verified and written again at an opening, and may be cut.
 *
 * As a rule not synced itself: a kill leaves the page cache, and an older note, as a power cut leaves it, is true as
 * well. One that cannot be written makes the next opening longer, no more.
 */
export class RecoveryPointFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #codecs: Codecs;

  constructor(disk: Disk, dir: string, codecs: Codecs) {
    this.#disk = disk;
    this.#path = join(dir, fileName);
    this.#codecs = codecs;
  }

  /** The offset, 0 if it cannot be read; null if there is no file: no thread of ours ever had the log. */
  load(): number | null {
    const bytes = readWhole(this.#disk, this.#path);
    if (bytes === null) return null;
    if (bytes.length !== fileBytes) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, fileBytes);
    if (view.getUint32(8) !== this.#codecs.crc32c(bytes, 0, 8)) return 0;
    return Number(view.getBigInt64(0));
  }

  /** For a log in the making, whose directory is synced later. */
  create(): void {
    this.#disk.close(this.#disk.open(this.#path, 'create'));
  }

  /** Everything below `offset` is synced. `durably`: the note as well. */
  store(offset: number, durably: boolean): void {
    const bytes = new Uint8Array(fileBytes);
    const view = new DataView(bytes.buffer);
    view.setBigInt64(0, BigInt(offset));
    view.setUint32(8, this.#codecs.crc32c(bytes, 0, 8));
    try {
      const fd = this.#open();
      try {
        writeFully(this.#disk, fd, [bytes], 0);
        if (durably) this.#disk.fdatasyncNow(fd);
      } finally {
        this.#disk.close(fd);
      }
    } catch {}
  }

  /** In place: a file that is emptied first is written out by ext4 when it is closed. */
  #open(): number {
    try {
      return this.#disk.open(this.#path, 'write');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return this.#disk.open(this.#path, 'create');
    }
  }
}
