import type { Random } from '../random.js';
import type { VolatileFile } from './volatile-file.js';

export type VolatileNode = VolatileFile | VolatileDirectory;

/** Names that appear (with a node) or go (with null), all at once. */
type Change = readonly (readonly [name: string, node: VolatileNode | null])[];

/** A directory as programs see it, and as the platter has it; see `VolatileFile`. */
export class VolatileDirectory {
  readonly mode: number;
  mtimeMs = Date.now();
  readonly #seen = new Map<string, VolatileNode>();
  readonly #durable = new Map<string, VolatileNode>();
  #unsynced: Change[] = [];

  constructor(mode: number) {
    this.mode = mode;
  }

  get entries(): ReadonlyMap<string, VolatileNode> {
    return this.#seen;
  }

  /** Several names change as one: a rename is never half there. */
  change(...change: Change): void {
    apply(this.#seen, change);
    this.#unsynced.push(change);
    this.mtimeMs = Date.now();
  }

  sync(): void {
    for (const change of this.#unsynced) apply(this.#durable, change);
    this.#unsynced = [];
  }

  /** The first few of the changes that were not synced survive, here and in everything below. */
  cutPower(random: Random): void {
    const all = this.#unsynced;
    const kept = random.pick([0, all.length, random.below(all.length + 1)]);
    for (const change of all.slice(0, kept)) apply(this.#durable, change);
    this.#unsynced = [];
    this.#seen.clear();
    apply(this.#seen, [...this.#durable]);
    for (const node of this.#seen.values()) node.cutPower(random);
  }
}

function apply(names: Map<string, VolatileNode>, change: Change): void {
  for (const [name, node] of change) {
    if (node === null) names.delete(name);
    else names.set(name, node);
  }
}
