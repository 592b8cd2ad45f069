import { dirname } from 'node:path';
import { loadCodecs } from '../../native/index.js';
import { Random } from './random.js';
import { type Life, Schedule } from './schedule.js';
import { SimDisk } from './sim-disk.js';

export const dataDir = '/data';
export const codecs = loadCodecs();

/** An invariant that does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Errors of the disk to come. */
export class Faults {
  /** Told of each. */
  onHit: (operation: string, path: string) => void = () => {};
  /** Bytes that one write takes at most. */
  maxWriteBytes = Number.POSITIVE_INFINITY;
  /** What a slow sync takes at most. */
  slowMs = 20;
  /** An error other than a full disk was possible since `clear`. */
  isHard = false;
  /** The disk was full since `clear`. */
  isFull = false;
  readonly #random: Random;
  #operations: readonly string[] = [];
  #left = 0;
  #probability = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes some of the next operations fail, `count` at most. */
  arm(operations: readonly string[], count: number, probability: number): void {
    this.isHard = true;
    this.#operations = operations;
    this.#left = count;
    this.#probability = probability;
  }

  get isAny(): boolean {
    return this.isHard || this.isFull;
  }

  hits(operation: string, path: string): boolean {
    if (this.#left === 0 || isOfMain(path)) return false;
    if (!this.#operations.includes(operation) || !this.#random.chance(this.#probability)) {
      return false;
    }
    this.#left--;
    this.onHit(operation, path);
    return true;
  }

  /** No more fail; what failed may still be under way. */
  end(): void {
    this.#left = 0;
    this.maxWriteBytes = Number.POSITIVE_INFINITY;
    this.slowMs = 20;
  }

  /** None has been there. */
  clear(): void {
    this.end();
    this.isHard = false;
    this.isFull = false;
  }
}

/** Main's own files, which the simulation of its start does not expect to fail. */
function isOfMain(path: string): boolean {
  return dirname(path) === dataDir && !path.startsWith(`${dataDir}/t-`);
}

/** Ends a thread, or everything, at one of the next operations on the disk. */
export class Fuse {
  onBlow: (life: Life | null) => void = () => {};
  #left = 0;
  #life: Life | null = null;

  /** `life`: who dies; null: the power goes. */
  light(operations: number, life: Life | null): void {
    this.#left = operations;
    this.#life = life;
  }

  get isLit(): boolean {
    return this.#left > 0;
  }

  burns(life: Life): boolean {
    if (this.#left === 0 || (this.#life !== null && this.#life !== life)) return false;
    return --this.#left === 0;
  }

  blow(): void {
    this.onBlow(this.#life);
  }

  putOut(): void {
    this.#left = 0;
  }
}

/** What everything in one simulation shares. */
export class World {
  readonly seed: number;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly disk = new SimDisk(dataDir);
  readonly faults: Faults;
  readonly fuse = new Fuse();
  readonly durability: 'fsync' | 'os';
  /** Few, so that indexes are read again; or all. */
  readonly maxOpenSegments: number;
  readonly lines: string[] = [];
  lastGeneration = 0;
  violation: Violation | null = null;
  readonly #say: ((line: string) => void) | null;

  constructor(seed: number, say: ((line: string) => void) | null) {
    this.seed = seed;
    this.#say = say;
    this.random = new Random(seed);
    this.schedule = new Schedule(this.random);
    this.faults = new Faults(this.random);
    this.faults.onHit = (operation, path) => this.trace(`EIO: ${operation} ${path}`);
    this.durability = this.random.chance(0.7) ? 'fsync' : 'os';
    this.maxOpenSegments = this.random.pick([1, 3, 256]);
    this.schedule.onError = (error) => {
      this.fail(`a thread threw ${error instanceof Error ? error.stack : String(error)}`);
    };
  }

  trace(line: string): void {
    const text = `${(this.schedule.nowMs % 1e8).toFixed(1)} ${line}`;
    this.lines.push(text);
    this.#say?.(text);
  }

  /** Notes the first violation; the simulation ends with it. */
  fail(message: string): void {
    if (this.violation !== null) return;
    this.trace(`VIOLATION: ${message}`);
    this.violation = new Violation(message);
  }

  check(holds: boolean, message: () => string): void {
    if (!holds) this.fail(message());
  }
}
