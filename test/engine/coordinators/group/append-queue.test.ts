import t from 'tap';
import { kafkaOffsetsLayout } from '../../../../engine/catalog/offsets-layout.js';
import { AppendQueue, type Write } from '../../../../engine/coordinators/group/append-queue.js';
import {
  type OffsetsEntry,
  offsetEntry,
} from '../../../../engine/coordinators/group/offsets-entry.js';

/** An entry for partition `offset`. */
function entry(offset: number, value: Uint8Array | null = null): OffsetsEntry {
  return { ...offsetEntry(kafkaOffsetsLayout, 'g', 'topic', offset, null), value };
}

/** A queue whose appends wait for `finish`. */
class Bench {
  readonly appended: number[][] = [];
  readonly events: string[] = [];
  private readonly open: ((errorCode: number) => void)[] = [];
  private appendSeen: (() => void) | null = null;

  readonly queue = new AppendQueue({
    overheadBytes: 0,
    append: (entries) => {
      this.appended.push(entries.map(({ partition }) => partition));
      this.appendSeen?.();
      return new Promise((resolve) => this.open.push(resolve));
    },
    apply: ({ partition }) => this.events.push(`apply ${partition}`),
    lost: (errorCode) => this.events.push(`lost ${errorCode}`),
  });

  /** Resolves when an append is under way. */
  async appending(): Promise<void> {
    if (this.open.length > 0) return;
    await new Promise<void>((resolve) => {
      this.appendSeen = resolve;
    });
  }

  finish(errorCode = 0): void {
    this.open.shift()!(errorCode);
  }

  /** Resolves with how the write ended. */
  add(name: string, records: Write['records']): Promise<string> {
    return new Promise((resolve) => {
      this.queue.add({
        records,
        committed: () => {
          this.events.push(`committed ${name}`);
          resolve('committed');
        },
        failed: ({ kind }) => {
          this.events.push(`failed ${name}`);
          resolve(kind);
        },
      });
    });
  }
}

t.test('what comes in one turn, and what waits meanwhile, is one batch each', async (t) => {
  const bench = new Bench();
  const first = [bench.add('a', [entry(1)]), bench.add('b', [entry(2), entry(3)])];
  await bench.appending();
  const later = [4, 5, 6].map((offset) => bench.add(`c${offset}`, [entry(offset)]));
  t.same(bench.events, [], 'nothing is visible before it is on disk');
  bench.finish();
  await Promise.all(first);
  await bench.appending();
  bench.finish();
  await Promise.all(later);
  t.same(bench.appended, [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  t.same(bench.events.slice(0, 5), ['apply 1', 'apply 2', 'apply 3', 'committed a', 'committed b']);
});

t.test(
  'a plan sees everything before it applied, and runs into as many batches as it needs',
  async (t) => {
    const bench = new Bench();
    const first = bench.add('a', [entry(1)]);
    let seen: string[] = [];
    const big = new Uint8Array(400_000);
    const planned = bench.add('plan', () => {
      seen = [...bench.events];
      return [entry(2, big), entry(3, big), entry(4, big)];
    });
    const after = bench.add('after', [entry(5)]);
    for (let i = 0; i < 4; i++) {
      await bench.appending();
      bench.finish();
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.same(await Promise.all([first, planned, after]), ['committed', 'committed', 'committed']);
    t.same(seen, ['apply 1', 'committed a']);
    t.same(bench.appended, [[1], [2, 3], [4], [5]]);
  },
);

t.test('a failed append fails all that waits, and the queue is over', async (t) => {
  const bench = new Bench();
  const first = bench.add('a', [entry(1)]);
  await bench.appending();
  const waiting = [bench.add('b', [entry(2)]), bench.add('c', () => [entry(3)])];
  bench.finish(56);
  t.equal(await first, 'append');
  t.same(await Promise.all(waiting), ['append', 'append']);
  t.ok(bench.events.includes('lost 56'));
  t.equal(await bench.add('d', [entry(4)]), 'append');
  t.same(bench.appended, [[1]]);
  t.notOk(bench.events.some((event) => event.startsWith('apply')));
});

t.test('a plan that throws ends the queue as a failed append does', async (t) => {
  const bench = new Bench();
  const planned = bench.add('plan', () => {
    throw new Error('no plan');
  });
  t.equal(await planned, 'append');
  t.ok(bench.events.includes('lost -1'));
});

t.test('an append that comes back after the queue was closed has no effect', async (t) => {
  const bench = new Bench();
  const first = bench.add('a', [entry(1)]);
  await bench.appending();
  bench.queue.close({ kind: 'append', errorCode: 16 });
  bench.finish();
  t.equal(await first, 'append');
  t.same(bench.events, ['failed a']);
});

t.test(
  'what can never fit is refused alone, and so is what exceeds the bound of the queue',
  async (t) => {
    const bench = new Bench();
    t.equal(await bench.add('a', [entry(1, new Uint8Array(1_000_001))]), 'too-large');
    const big = new Uint8Array(999_000);
    const fitting = Array.from({ length: 16 }, (_, i) => bench.add(`b${i}`, [entry(i, big)]));
    t.equal(await bench.add('c', [entry(99, big)]), 'full');
    for (let i = 0; i < 16; i++) {
      await bench.appending();
      bench.finish();
      await fitting[i];
    }
    t.equal(bench.appended.length, 16);
  },
);
