/** Groups over 12 partitions: members join and leave under load, or come back as static members. */

import { Program, type ResultLine } from '../process.js';
import { type Context, until } from './scenario.js';

export const partitions = 12;
const sessionTimeoutMs = 10_000;
/** Long enough for a killed member to start again on a loaded machine. */
const staticSessionTimeoutMs = 40_000;

/** Which offsets of each partition have been read, by any member. */
class Coverage {
  readonly #seen = Array.from({ length: partitions }, () => new Set<number>());

  add(ranges: readonly [number, number, number][]): void {
    for (const [partition, startOffset, endOffset] of ranges) {
      for (let offset = startOffset; offset < endOffset; offset++) {
        this.#seen[partition]?.add(offset);
      }
    }
  }

  /** Which of each partition's offsets were not seen, as text; empty when all were. */
  missing(offsets: readonly Iterable<number>[]): string {
    const gaps: string[] = [];
    offsets.forEach((wanted, partition) => {
      const left = [...wanted].filter((offset) => this.#seen[partition]?.has(offset) !== true);
      if (left.length > 0) gaps.push(`${partition}: ${left.length} from offset ${left[0]}`);
    });
    return gaps.join(', ');
  }
}

/** The members of one group and what they own. */
export class Group {
  readonly context: Context;
  readonly topic: string;
  readonly coverage = new Coverage();
  readonly #command: string[];
  readonly #assignor: string;
  readonly #live = new Map<string, { program: Program; owned: number[]; changes: number }>();
  readonly #notes: string[] = [];

  /** The group is named as its topic. */
  constructor(context: Context, command: string[], topic: string, assignor: string) {
    this.context = context;
    this.topic = topic;
    this.#command = command;
    this.#assignor = assignor;
  }

  start(name: string, instanceId?: string): void {
    const { runner } = this.context;
    const spec = {
      scenario: 'member',
      bootstrap: runner.bootstrap,
      topic: this.topic,
      group: this.topic,
      assignor: this.#assignor,
      ...(instanceId === undefined
        ? { sessionTimeoutMs }
        : { sessionTimeoutMs: staticSessionTimeoutMs, instanceId }),
    };
    const member = {
      program: new Program(name, this.#command, spec, (line) => this.#take(name, line)),
      owned: [] as number[],
      changes: 0,
    };
    this.#live.set(name, member);
    member.program.ended.catch((error) => this.#notes.push(`${name}: ${error}`));
  }

  #take(name: string, { assigned, seen, note }: ResultLine): void {
    const member = this.#live.get(name);
    if (assigned !== undefined && member !== undefined) {
      member.owned = assigned;
      member.changes++;
    }
    if (seen !== undefined) this.coverage.add(seen);
    if (note !== undefined) this.#notes.push(`${name}: ${note}`);
  }

  /** Waits until every partition has exactly one owner and every live member owns some. */
  async settled(): Promise<void> {
    await until(
      () => {
        const owned = [...this.#live.values()].map((member) => member.owned);
        const all = owned.flat();
        const complete = all.length === partitions && new Set(all).size === partitions;
        return complete && owned.every((list) => list.length > 0);
      },
      () => `each partition owned by one member; ${this.describe()}`,
    );
  }

  owned(name: string): string {
    return [...(this.#live.get(name)?.owned ?? [])].sort((a, b) => a - b).join(' ');
  }

  changes(name: string): number {
    return this.#live.get(name)?.changes ?? 0;
  }

  async leave(name: string): Promise<void> {
    const member = this.#live.get(name);
    await member?.program.stop();
    this.#live.delete(name);
  }

  async kill(name: string): Promise<void> {
    const member = this.#live.get(name);
    this.#live.delete(name);
    await member?.program.kill();
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#live.keys()].map((name) => this.kill(name)));
  }

  describe(): string {
    const members = [...this.#live].map(([name, { owned, program }]) => {
      const errors = program.errors.slice(-500);
      return `${name} owns [${owned}]${errors === '' ? '' : ` and says ${errors}`}`;
    });
    return [...members, ...this.#notes.slice(-5)].join('; ');
  }
}

/**
 * Waits until all records are read, ends the members, compares committed with end. Each partition's `offsets` are
 * those of its records; without them there are no others.
 */
export async function finish(
  group: Group,
  last: readonly string[],
  offsets?: readonly Iterable<number>[],
): Promise<void> {
  const { context, topic } = group;
  const ends = await context.runner.endOffsets(topic);
  const wanted = offsets ?? ends.map((end) => Array.from({ length: end }, (_, offset) => offset));
  await until(
    () => group.coverage.missing(wanted) === '',
    () => `all records seen; missing ${group.coverage.missing(wanted)}; ${group.describe()}`,
  );
  for (const name of last) await group.leave(name);
  const committed = await context.runner.committed(topic, topic);
  if (String(committed) !== String(ends)) {
    throw new Error(`committed ${committed}, but the ends are ${ends}; ${group.describe()}`);
  }
}

async function underLoad(group: Group, steps: () => Promise<readonly string[]>): Promise<void> {
  const { context, topic } = group;
  await context.runner.createTopic(topic, partitions);
  const load = await context.runner.startLoad(topic, partitions);
  try {
    const last = await steps();
    await load.stop();
    await finish(group, last);
  } finally {
    await load.stop().catch(() => {});
    await group.killAll();
  }
}

/** Three members join one after another, leave one after another, and a fourth joins between. */
export async function joinAndLeave(
  context: Context,
  name: string,
  command: string[],
  assignor: string,
): Promise<void> {
  const topic = `${context.prefix}-group-${name}-${assignor}`;
  const group = new Group(context, command, topic, assignor);
  await underLoad(group, async () => {
    for (const member of ['first', 'second', 'third']) {
      group.start(member);
      await group.settled();
    }
    await group.leave('first');
    await group.settled();
    group.start('fourth');
    await group.settled();
    for (const member of ['second', 'third']) {
      await group.leave(member);
      await group.settled();
    }
    return ['fourth'];
  });
}

/** A static member that dies and comes back keeps its partitions, and nobody else notices. */
export async function staticMembers(
  context: Context,
  name: string,
  command: string[],
  assignor: string,
): Promise<void> {
  const topic = `${context.prefix}-static-${name}`;
  const group = new Group(context, command, topic, assignor);
  await underLoad(group, async () => {
    group.start('first', 'instance-1');
    await group.settled();
    group.start('second', 'instance-2');
    await group.settled();
    const before = { owned: group.owned('second'), changes: group.changes('first') };
    await group.kill('second');
    group.start('second again', 'instance-2');
    await group.settled();
    const after = { owned: group.owned('second again'), changes: group.changes('first') };
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      throw new Error(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    }
    return ['first', 'second again'];
  });
}
