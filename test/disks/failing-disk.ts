/** Makes the disk of a broker's process fail, file by file: see `failing-disk.c`, which it compiles and preloads. */
import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);
const source = fileURLToPath(new URL('../../../test/disks/failing-disk.c', import.meta.url));

/** As in `failing-disk.c`. */
const operations = { open: 1, read: 2, write: 4, sync: 8, truncate: 16, rename: 32 };
const ruleBytes = 256;
const rulesMax = 15;
const at = { ops: 0, error: 4, skip: 8, count: 12, hits: 16, order: 20, path: 32 };

export type Operation = keyof typeof operations;

/** Calls that fail. */
export interface Rule {
  readonly on: readonly Operation[];
  /** Part of the file's path. */
  readonly path: string;
  /** Without it the calls are only counted. */
  readonly error?: keyof typeof constants.errno;
  /** Calls that pass before the first that fails; 0 if not given. */
  readonly skip?: number;
  /** Calls that fail; all if not given. */
  readonly count?: number;
}

/** What became of a rule. */
export interface Tally {
  /** Calls that it was about. */
  readonly hits: number;
  /** Place of the last of them among the hits of all rules. */
  readonly order: number;
}

/** Why no disk can be made to fail here; false if it can. */
export async function whyNotFailable(): Promise<string | false> {
  if (process.platform !== 'linux') return 'calls are made to fail on Linux only';
  return run('cc', ['--version']).then(
    () => false as const,
    () => 'no C compiler (cc)',
  );
}

export class FailingDisk {
  /** Environment of the process whose disk this is. */
  readonly env: NodeJS.ProcessEnv;
  readonly #fd: number;

  private constructor(library: string, board: string) {
    this.env = { LD_PRELOAD: library, FAILING_DISK_BOARD: board };
    this.#fd = openSync(board, 'w+');
    writeSync(this.#fd, new Uint8Array((rulesMax + 1) * ruleBytes));
  }

  static async make(t: Test): Promise<FailingDisk> {
    const place = await mkdtemp(join(tmpdir(), 'kopje-failing-'));
    const library = join(place, 'failing-disk.so');
    await run('cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl']);
    const disk = new FailingDisk(library, join(place, 'board'));
    t.teardown(async () => {
      closeSync(disk.#fd);
      await rm(place, { recursive: true, force: true });
    });
    return disk;
  }

  /** These and no others from now on; their tallies begin anew. */
  set(rules: readonly Rule[]): void {
    if (rules.length > rulesMax) throw new Error(`more than ${rulesMax} rules`);
    const board = Buffer.alloc((rulesMax + 1) * ruleBytes);
    let all = 0;
    for (const [index, { on, path, error, skip = 0, count = -1 }] of rules.entries()) {
      const rule = board.subarray((index + 1) * ruleBytes, (index + 2) * ruleBytes);
      const ops = on.reduce((sum, operation) => sum | operations[operation], 0);
      rule.writeInt32LE(ops, at.ops);
      rule.writeInt32LE(error === undefined ? 0 : constants.errno[error], at.error);
      rule.writeInt32LE(skip, at.skip);
      rule.writeInt32LE(count, at.count);
      rule.write(`${path}\0`, at.path);
      all |= ops;
    }
    // Nothing applies while the rules change.
    writeSync(this.#fd, Buffer.alloc(8), 0, 8, 0);
    writeSync(this.#fd, board, ruleBytes, board.length - ruleBytes, ruleBytes);
    board.writeInt32LE(all, 0);
    writeSync(this.#fd, board, 0, 8, 0);
  }

  /** The disk is sound again. */
  clear(): void {
    this.set([]);
  }

  tally(index: number): Tally {
    const rule = Buffer.alloc(ruleBytes);
    readSync(this.#fd, rule, 0, ruleBytes, (index + 1) * ruleBytes);
    return { hits: rule.readInt32LE(at.hits), order: rule.readInt32LE(at.order) };
  }
}
