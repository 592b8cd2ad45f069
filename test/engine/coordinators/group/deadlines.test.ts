import t from 'tap';
import { Deadline, Deadlines } from '../../../../engine/coordinators/group/deadlines.js';
import fc from '../../../fast-check.js';

function rethrow(error: unknown): never {
  throw error;
}

t.test('a deadline that throws is reported and does not stop the others', (t) => {
  let nowMs = 0;
  const faults: unknown[] = [];
  const deadlines = new Deadlines(
    () => nowMs,
    () => {},
    (error) => faults.push(error),
  );
  let calls = 0;
  const bad = new Deadline(() => {
    throw new Error('bad');
  });
  deadlines.after(bad, 1);
  deadlines.after(new Deadline(() => calls++), 2);
  nowMs = 5;
  deadlines.expire();
  t.match(faults, [{ message: 'bad' }]);
  t.equal(calls, 1);
  t.end();
});

t.test('calls what is due, in order, once', (t) => {
  let nowMs = 0;
  const deadlines = new Deadlines(
    () => nowMs,
    () => {},
    rethrow,
  );
  const called: string[] = [];
  const make = (name: string) => new Deadline(() => called.push(name));
  const [a, b, c] = [make('a'), make('b'), make('c')];
  deadlines.after(a, 30);
  deadlines.after(b, 10);
  deadlines.after(c, 20);
  nowMs = 25;
  deadlines.expire();
  t.same(called, ['b', 'c']);
  deadlines.clear(a);
  nowMs = 100;
  deadlines.expire();
  t.same(called, ['b', 'c']);
  t.equal(deadlines.size, 0);
  t.end();
});

t.test('a deadline that is put off costs no place in the heap until it comes up', (t) => {
  let nowMs = 0;
  let earlier = 0;
  const deadlines = new Deadlines(
    () => nowMs,
    () => earlier++,
    rethrow,
  );
  let calls = 0;
  const session = new Deadline(() => calls++);
  deadlines.after(session, 10);
  for (let i = 0; i < 5; i++) {
    nowMs += 5;
    deadlines.after(session, 10);
    deadlines.expire();
  }
  t.equal(calls, 0);
  t.equal(deadlines.size, 1);
  t.equal(earlier, 1, 'the timer was armed once');
  nowMs += 10;
  deadlines.expire();
  t.equal(calls, 1);
  t.end();
});

t.test('a deadline set anew with no delay while it is called does not go on for ever', (t) => {
  const deadlines = new Deadlines(
    () => 7,
    () => {},
    rethrow,
  );
  let calls = 0;
  const again: Deadline = new Deadline(() => {
    calls++;
    deadlines.after(again, 0);
  });
  deadlines.after(again, -5);
  deadlines.expire();
  t.equal(calls, 0, 'nothing is due in the very instant it is set');
  t.equal(deadlines.nextMs, 8);
  t.end();
});

t.test('any sequence of setting, clearing and waiting agrees with a plain list', (t) => {
  const step = fc.oneof(
    fc.record({ at: fc.nat(9), delayMs: fc.nat(50) }),
    fc.record({ clear: fc.nat(9) }),
    fc.record({ pass: fc.nat(40) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let nowMs = 0;
      const due = new Array<number>(10).fill(Number.POSITIVE_INFINITY);
      const deadlines = new Deadlines(
        () => nowMs,
        () => {},
        rethrow,
      );
      const all = due.map((_, i) => new Deadline(() => fired.push(i)));
      let fired: number[] = [];
      for (const one of steps) {
        if ('at' in one) {
          deadlines.after(all[one.at]!, one.delayMs);
          due[one.at] = nowMs + Math.max(1, one.delayMs);
        } else if ('clear' in one) {
          deadlines.clear(all[one.clear]!);
          due[one.clear] = Number.POSITIVE_INFINITY;
        } else {
          nowMs += one.pass;
          fired = [];
          deadlines.expire();
          const expected = due.flatMap((dueMs, i) => (dueMs <= nowMs ? [i] : []));
          for (const i of expected) due[i] = Number.POSITIVE_INFINITY;
          if (fired.sort().join() !== expected.join()) return false;
        }
        if (deadlines.nextMs > Math.min(...due)) return false;
      }
      return true;
    }),
  );
  t.end();
});
