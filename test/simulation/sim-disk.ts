import { dirname } from 'node:path';
import type { Random } from './random.js';
import { type Loss, SimFile } from './sim-file.js';

/** A change of a directory that is not synced. */
interface Change {
  readonly kind: 'link' | 'unlink' | 'rename';
  readonly dir: string;
  readonly path: string;
  /** What a rename makes of it; empty for others. */
  readonly to: string;
  /** Null: a directory. */
  readonly file: SimFile | null;
}

/** An error as `node:fs` throws it. */
export function diskError(code: string, path: string): NodeJS.ErrnoException {
  // Without a stack: most say that a file is not there, and stacks take longer than all the rest.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = Object.assign(new Error(`${code}: simulated, ${path}`), { code });
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

type Names = Map<string, SimFile | null>;

/** The disk of a machine: it outlives threads and processes, and loses what was not synced with its power. */
export class SimDisk {
  freeBytes = Number.POSITIVE_INFINITY;
  /** Files and, as null, directories, by path. */
  readonly #names: Names = new Map();
  /** Those that a power cut leaves. */
  readonly #durable: Names = new Map();
  #changes: Change[] = [];

  constructor(root: string) {
    this.#names.set(root, null);
    this.#durable.set(root, null);
  }

  file(path: string): SimFile {
    const file = this.#names.get(path);
    if (!file) throw diskError('ENOENT', path);
    return file;
  }

  /** The file of a name, a new one if there is none. */
  create(path: string, nowMs: number): SimFile {
    const known = this.#names.get(path);
    if (known) return known;
    if (this.#names.get(dirname(path)) !== null) throw diskError('ENOENT', path);
    const file = new SimFile(nowMs);
    this.#names.set(path, file);
    this.#changed('link', path, file);
    return file;
  }

  mkdir(path: string): boolean {
    if (this.#names.has(path)) return false;
    this.#names.set(path, null);
    this.#changed('link', path, null);
    return true;
  }

  rename(from: string, to: string): void {
    const file = this.file(from);
    this.#names.delete(from);
    this.#names.set(to, file);
    this.#changed('rename', from, file, to);
  }

  unlink(path: string): void {
    const file = this.file(path);
    this.#names.delete(path);
    this.#changed('unlink', path, file);
    this.freeBytes += file.sizeBytes;
  }

  readdir(path: string): string[] {
    if (this.#names.get(path) !== null) throw diskError('ENOENT', path);
    const start = `${path}/`;
    const found: string[] = [];
    for (const name of this.#names.keys()) {
      if (name.startsWith(start) && !name.includes('/', start.length)) {
        found.push(name.slice(start.length));
      }
    }
    return found;
  }

  syncDirectory(path: string): void {
    for (const change of this.#changes) if (change.dir === path) this.#apply(change);
    this.#changes = this.#changes.filter(({ dir }) => dir !== path);
  }

  /** Removes a directory and all in it, as if it had never been. */
  forget(dir: string): void {
    for (const names of [this.#names, this.#durable]) {
      for (const name of names.keys()) {
        if (name === dir || name.startsWith(`${dir}/`)) names.delete(name);
      }
    }
    this.#changes = this.#changes.filter(({ path }) => path !== dir && !path.startsWith(`${dir}/`));
  }

  /** `isOrdered`: what reached the directories did so in order, as on a file system with a journal. */
  cutPower(loss: Loss, isOrdered: boolean, random: Random): void {
    const share = random.pick([0, 0.5, 1]);
    const kept = isOrdered
      ? this.#changes.slice(0, Math.round(random.next() * this.#changes.length))
      : this.#changes.filter(() => random.chance(share));
    for (const change of kept) this.#apply(change);
    this.#changes = [];
    this.#names.clear();
    for (const [name, file] of this.#durable) {
      if (file !== null && !this.#durable.has(dirname(name))) continue;
      this.#names.set(name, file);
      file?.cutPower(loss, random);
    }
    this.#durable.clear();
    for (const [name, file] of this.#names) this.#durable.set(name, file);
    this.freeBytes = Number.POSITIVE_INFINITY;
  }

  #changed(kind: Change['kind'], path: string, file: SimFile | null, to = ''): void {
    this.#changes.push({ kind, dir: dirname(path), path, to, file });
  }

  #apply(change: Change): void {
    const { kind, path, file } = change;
    const names = this.#durable;
    if (kind === 'link') names.set(path, file);
    else if (names.get(path) === file) names.delete(path);
    if (kind === 'rename') names.set(change.to, file);
  }
}
