import t, { type Test } from 'tap';
import { waitForLease } from '../../../engine/cluster/candidate.js';
import { untilGivenUp } from '../../../engine/cluster/give-up.js';
import type { Lease } from '../../../engine/cluster/lease.js';
import { silent } from '../catalog/open-catalog.js';
import { FakeClock, FakeLock } from './fake-lock.js';

/** A node that wants the lock; `waits` is whom it said it waits for. */
function candidate(t: Test, lock: FakeLock, node = 'this node') {
  const clock = new FakeClock();
  const controller = new AbortController();
  const { signal } = controller;
  const waits: (string | null)[] = [];
  const lease: Promise<Lease> = waitForLease({
    lock,
    node,
    sessionTimeoutMs: 60,
    clock,
    log: silent,
    signal,
    reached: async (step) => {
      for (;;) {
        const result = await untilGivenUp(step(), signal).catch((error: Error) => error);
        if (!(result instanceof Error)) return result;
        if (signal.aborted) throw result;
      }
    },
    waits: (text) => waits.push(text),
  });
  t.teardown(() => {
    controller.abort();
    return lease.then(
      (held) => held.release(),
      () => undefined,
    );
  });
  return { lease, clock, waits, controller };
}

/** Resolves after so many reads of the lock. */
function reads(lock: FakeLock, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    lock.beforeRead = () => {
      if (--left === 0) resolve();
    };
  });
}

t.test('the first node of a cluster has its turn at once', async (t) => {
  const lock = new FakeLock();
  const { lease, waits } = candidate(t, lock);
  t.ok((await lease).isHeld);
  t.strictSame(waits, [null]);
  t.match(lock, { epoch: 0, note: { node: 'this node', epoch: 0 } });
});

t.test('a second one waits until the first has released the lock', async (t) => {
  const lock = new FakeLock();
  const first = await candidate(t, lock, 'node 1').lease;
  const { lease, waits } = candidate(t, lock);
  await reads(lock, 5);
  t.strictSame(waits, ['standby: node 1 has the lock of public/__kafka']);
  t.equal(lock.epoch, 0);
  await first.release();
  t.ok((await lease).isHeld);
  t.strictSame(waits.slice(1), [null]);
});

t.test('it takes over from a node that shows no sign of life', async (t) => {
  const lock = new FakeLock();
  lock.takenBy('node 1');
  const { lease, clock } = candidate(t, lock);
  await reads(lock, 2);
  clock.advance(60);
  await reads(lock, 2);
  t.equal(lock.epoch, 0, 'not before the time of the other one is up');
  clock.advance(10);
  t.ok((await lease).isHeld);
  t.equal(lock.epoch, 1);
});

t.test('a sign of life begins the time anew', async (t) => {
  const lock = new FakeLock();
  lock.takenBy('node 1');
  const { clock } = candidate(t, lock);
  await reads(lock, 2);
  clock.advance(60);
  lock.renewedBy('node 1');
  await reads(lock, 2);
  clock.advance(60);
  await reads(lock, 2);
  t.equal(lock.epoch, 0);
});

t.test('so does a cluster that did not answer', async (t) => {
  const lock = new FakeLock();
  lock.takenBy('node 1');
  const { lease, clock } = candidate(t, lock);
  await reads(lock, 2);
  lock.fault = new Error('not reached');
  clock.advance(600);
  await reads(lock, 2);
  lock.fault = null;
  await reads(lock, 2);
  t.equal(lock.epoch, 0);
  clock.advance(70);
  await lease;
});

t.test('who renewed just before it was overtaken is believed for its time', async (t) => {
  const lock = new FakeLock();
  lock.takenBy('node 1');
  const { lease, clock } = candidate(t, lock);
  await reads(lock, 2);
  lock.beforeTake = () => lock.renewedBy('node 1', 300);
  clock.advance(70);
  const taken = lock.written();
  const started = performance.now();
  await taken;
  await lease;
  t.ok(performance.now() - started >= 300, 'clients are not served before');
});

t.test('of two that find the lock free one gets it', async (t) => {
  const lock = new FakeLock();
  const nodes = [candidate(t, lock, 'node 1'), candidate(t, lock, 'node 2')];
  const held = await Promise.race(nodes.map(({ lease }) => lease));
  await reads(lock, 4);
  t.ok(held.isHeld);
  t.equal(nodes.flatMap(({ waits }) => waits).filter((text) => text === null).length, 1);
});

t.test('while another node takes the lock it is left alone', async (t) => {
  const lock = new FakeLock();
  lock.isBeingTaken = true;
  const { lease } = candidate(t, lock);
  await reads(lock, 3);
  t.equal(lock.epoch, -1);
  lock.isBeingTaken = false;
  t.ok((await lease).isHeld);
});

t.test('a node that is asked to stop waits no longer', async (t) => {
  const lock = new FakeLock();
  lock.takenBy('node 1', 60_000);
  const looked = reads(lock, 1);
  const { lease, controller } = candidate(t, lock);
  await looked;
  controller.abort();
  await t.rejects(lease, { name: 'StartGivenUp' });
  t.equal(lock.epoch, 0);
});
