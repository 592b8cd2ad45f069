/** Small file systems of a test's own, which it fills and empties while a broker works on them. */
import { execFile } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);
const chunk = new Uint8Array(256 * 1024);

/** `tmpfs` refuses a write as a whole; `ext4` has blocks, a journal and directories that need room. */
export type DiskKind = 'tmpfs' | 'ext4';

/** Why nothing can be mounted here; false if it can. */
export async function whyNotMountable(kind: DiskKind): Promise<string | false> {
  if (process.platform !== 'linux') return 'small file systems are mounted on Linux only';
  if (process.getuid?.() !== 0) return 'only root may mount a file system';
  const place = await mkdtemp(join(tmpdir(), 'kopje-mount-'));
  try {
    await mount(kind, place, 4 * 2 ** 20);
    await run('umount', [join(place, 'disk')]);
    return false;
  } catch (error) {
    return `${kind} cannot be mounted here: ${(error as Error).message}`;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function mount(kind: DiskKind, place: string, sizeBytes: number): Promise<void> {
  const path = join(place, 'disk');
  await run('mkdir', [path]);
  if (kind === 'tmpfs') {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
    return;
  }
  const image = join(place, 'image');
  await run('truncate', ['-s', String(sizeBytes), image]);
  // Without blocks that are kept back for root, which this is.
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'nodiscard,lazy_itable_init=0', image]);
  await run('mount', ['-o', 'loop', image, path]);
}

/** A mounted file system, gone with the test. */
export class SmallDisk {
  readonly path: string;
  readonly #ballast: string;

  private constructor(path: string) {
    this.path = path;
    this.#ballast = join(path, 'ballast');
  }

  static async mount(t: Test, kind: DiskKind, sizeBytes: number): Promise<SmallDisk> {
    const place = await mkdtemp(join(tmpdir(), 'kopje-disk-'));
    const path = join(place, 'disk');
    t.teardown(async () => {
      await run('umount', [path]);
      await rm(place, { recursive: true, force: true });
    });
    await mount(kind, place, sizeBytes);
    return new SmallDisk(path);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes all room but `leaveBytes`; more than once, if others took some meanwhile. */
  fill(leaveBytes = 0): void {
    const fd = openSync(this.#ballast, 'a');
    try {
      for (let left = this.freeBytes - leaveBytes; left > 0; left = this.freeBytes - leaveBytes) {
        writeSync(fd, chunk, 0, Math.min(left, chunk.length));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }
}
