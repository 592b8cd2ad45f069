import t from 'tap';
import { ErrorCode } from '../../../../engine/protocol/kafka/errors.js';
import fc from '../../../fast-check.js';
import { type Fixture, readyFixture } from './coordinator-fixture.js';

const GROUPS = ['g0', 'g1'];
const PLACES = ['a-0', 'a-1'];

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ commit: fc.nat(1), place: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ fail: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ turns: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ hold: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ online: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** A commit (or a deletion, as null) of one place, in the order in which they were asked for. */
interface Change {
  readonly offset: number | null;
  isAcknowledged: boolean;
}

/** A coordinator whose log fails now and then, and what may be found in it. */
class Doubt {
  private readonly changes = new Map<string, Change[]>();
  private readonly fixture: Fixture;
  private readonly open: Promise<unknown>[] = [];
  private offset = 0;

  constructor(fixture: Fixture) {
    this.fixture = fixture;
  }

  async take(one: Step): Promise<void> {
    const { memory, coordinator } = this.fixture;
    if (one === 'restart') await this.restart();
    else if ('commit' in one) this.commit(GROUPS[one.commit]!, PLACES[one.place]!);
    else if ('remove' in one) this.remove(GROUPS[one.remove]!);
    else if ('fail' in one) {
      memory.failures.push(ErrorCode.KAFKA_STORAGE_ERROR);
      memory.writesFailures = one.fail;
    } else if ('turns' in one) {
      for (let i = 0; i < one.turns; i++) await turn();
    } else if ('hold' in one) {
      this.hold(one.hold);
    } else {
      const ref = memory.refs[0]!;
      ref.online = one.online;
      if (one.online) coordinator.onPartitionOnline(ref);
      else coordinator.onPartitionOffline(ref);
    }
    this.check();
  }

  /** Everything is answered in the end, and a restart finds what may be found. */
  async end(): Promise<void> {
    this.hold(false);
    await this.take({ online: true });
    await Promise.all(this.open);
    await this.restart();
    this.check();
    await this.fixture.coordinator.close();
  }

  private hold(holds: boolean): void {
    const { memory } = this.fixture;
    memory.holds = holds;
    if (!holds) for (const finish of memory.held.splice(0)) finish();
  }

  private async restart(): Promise<void> {
    // What was sent to the log before the end arrives before it is read again.
    this.hold(false);
    this.fixture.memory.refs[0]!.online = true;
    await this.fixture.restart();
  }

  private commit(groupId: string, place: string): void {
    const offset = this.offset++;
    const change = this.add(groupId, place, offset);
    const outcome = this.fixture.commit(groupId, { [place]: offset });
    this.open.push(outcome.then((errorCode) => this.settle([change], errorCode)));
  }

  private remove(groupId: string): void {
    const removals = PLACES.map((place) => this.add(groupId, place, null));
    const outcome = this.fixture.coordinator.deleteGroup(groupId);
    this.open.push(outcome.then((errorCode) => this.settle(removals, errorCode)));
  }

  private settle(changes: readonly Change[], errorCode: number): void {
    for (const change of changes) change.isAcknowledged = errorCode === ErrorCode.NONE;
  }

  private add(groupId: string, place: string, offset: number | null): Change {
    const change = { offset, isAcknowledged: false };
    const key = `${groupId} ${place}`;
    this.changes.set(key, [...(this.changes.get(key) ?? []), change]);
    return change;
  }

  private check(): void {
    for (const groupId of GROUPS) {
      const found = this.fixture.offsets(groupId);
      // Not to be had now: the one answer that may always be given.
      if (typeof found === 'number') continue;
      for (const place of PLACES) this.checkPlace(groupId, place, found[place] ?? null);
    }
  }

  /** What is found is the last acknowledged change, or one after it that was not refused for good. */
  private checkPlace(groupId: string, place: string, found: number | null): void {
    const changes = this.changes.get(`${groupId} ${place}`) ?? [];
    const last = changes.findLastIndex(({ isAcknowledged }) => isAcknowledged);
    const possible = changes.slice(Math.max(0, last)).map(({ offset }) => offset);
    if (last < 0) possible.push(null);
    if (!possible.includes(found)) {
      throw new Error(`${groupId} ${place}: found ${found}, possible ${possible.join()}`);
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

t.test('an acknowledged offset is never lost, whatever becomes of appends after it', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const doubt = new Doubt(await readyFixture());
      for (const one of steps) await doubt.take(one);
      await doubt.end();
    }),
    { numRuns: 300 },
  );
  t.pass('300 histories');
});
