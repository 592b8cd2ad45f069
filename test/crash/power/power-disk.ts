import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

const unmountTries = 50;

/** Why there can be no such disk here, or null. */
export function powerDiskAbsence(): string | null {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK);
  } catch {
    return '/dev/fuse is not there';
  }
  return null;
}

/** A directory on a disk that forgets at a power cut what was not synced; see `disk-process.ts`. */
export class PowerDisk {
  readonly directory: string;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #input: Interface;

  private constructor(directory: string, seed: number) {
    this.directory = directory;
    const program = new URL('./disk-process.js', import.meta.url).pathname;
    this.#process = spawn(process.execPath, [program, directory, `${seed}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Whoever kills this process with all that it started leaves that one to clear up.
      detached: true,
    });
    this.#input = createInterface({ input: this.#process.stdout! });
    this.#lines = this.#input[Symbol.asyncIterator]();
  }

  static async mount(directory: string, seed: number): Promise<PowerDisk> {
    mkdirSync(directory, { recursive: true });
    const disk = new PowerDisk(directory, seed);
    await disk.#mounted();
    return disk;
  }

  /** Whoever used the directory must be dead. */
  async cutPower(): Promise<void> {
    this.#unmount();
    await this.#mounted();
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    // Which also happens when this process dies.
    this.#process.stdin!.end();
    await ended;
    this.#input.close();
  }

  async #mounted(): Promise<void> {
    const { value, done } = await this.#lines.next();
    if (done || value !== 'mounted') throw new Error('the disk of the power cuts has ended');
  }

  /** The kernel may hold a dead process's files a moment longer. */
  #unmount(): void {
    let reason = '';
    for (let i = 0; i < unmountTries; i++) {
      const { status, stderr } = spawnSync('umount', ['-i', this.directory], { encoding: 'utf8' });
      if (status === 0) return;
      reason = stderr;
    }
    throw new Error(`umount ${this.directory}: ${reason}`);
  }
}
