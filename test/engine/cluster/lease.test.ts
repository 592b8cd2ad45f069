import t, { type Test } from 'tap';
import { Lease } from '../../../engine/cluster/lease.js';
import type { Fenced } from '../../../engine/cluster/lock.js';
import { silent } from '../catalog/open-catalog.js';
import { FakeClock, FakeLock } from './fake-lock.js';

const sessionTimeoutMs = 60;

/** A lease, and what was told of it, in order. */
async function begin(t: Test) {
  const lock = new FakeLock();
  const clock = new FakeClock();
  const epoch = (await lock.take()) as number;
  const options = { lock, epoch, node: 'this node', sessionTimeoutMs, clock, log: silent };
  const lease = await Lease.begin(options);
  if (lease === null) throw new Error('nobody else has it');
  t.teardown(() => lease.release());
  const events: string[] = [];
  let heard: () => void = () => undefined;
  const next = () => new Promise<void>((resolve) => (heard = resolve));
  const take = (event: string) => {
    events.push(event);
    heard();
  };
  lease.listen({
    suspended: () => take('suspended'),
    resumed: () => take('resumed'),
    lost: (reason: Fenced) => take(reason.message),
  });
  return { lock, clock, lease, events, next };
}

t.test('a node that was stopped for too long may answer nothing when it goes on', async (t) => {
  const { lock, clock, lease, events, next } = await begin(t);
  t.ok(lease.isHeld);
  t.equal(lease.trouble, null);
  lock.fault = new Error('not reached');
  clock.advance(sessionTimeoutMs - 1);
  t.ok(lease.isHeld);
  clock.advance(1);
  t.notOk(lease.isHeld, 'before any timer ran');
  t.match(lease.trouble, /not renewed for 60 ms/);
  await next();
  t.strictSame(events, ['suspended']);
  lock.fault = null;
  await next();
  t.ok(lease.isHeld);
  t.strictSame(events, ['suspended', 'resumed']);
});

t.test(
  'a lease that ran out for a moment is told to go on, whichever timer is first',
  async (t) => {
    const { lock, clock, events, next } = await begin(t);
    await lock.written();
    clock.advance(sessionTimeoutMs);
    while (events.at(-1) !== 'resumed') await next();
    t.strictSame(events, ['suspended', 'resumed']);
  },
);

t.test('so may one whose machine was stopped and did not count the time', async (t) => {
  const { clock, lease } = await begin(t);
  clock.wall += sessionTimeoutMs;
  t.notOk(lease.isHeld);
});

t.test('a lease counts from the beginning of its renewal', async (t) => {
  const { lock, clock, lease } = await begin(t);
  await lock.written();
  // The write is slow: the note may have been seen long before its answer came.
  clock.advance(sessionTimeoutMs);
  await lock.written();
  t.notOk(lease.isHeld);
});

t.test('a node whose turn another one took stops', async (t) => {
  const { lock, lease, events, next } = await begin(t);
  lock.takenBy('node 2');
  lock.beforeRead = () => lock.renewedBy('node 2');
  await next();
  await Promise.resolve();
  t.notOk(lease.isHeld);
  t.strictSame(events, [
    'suspended',
    'node 2 has taken over the lock of public/__kafka, so that this node must not go on',
  ]);
  const { writes } = lock;
  await lease.release();
  t.equal(lock.writes, writes, 'nothing is released that another one has');
});

t.test('one that was stopped meanwhile leaves the note of the other alone', async (t) => {
  const { lock, clock, next, events } = await begin(t);
  lock.fault = new Error('not reached');
  clock.advance(sessionTimeoutMs);
  await next();
  lock.takenBy('node 2');
  const { note } = lock;
  lock.fault = null;
  await next();
  t.equal(lock.note, note);
  t.match(events.at(-1), /^(suspended|node 2 has taken over)/);
});

t.test('what happened before somebody listened is told', async (t) => {
  const { lock, lease, next } = await begin(t);
  lock.takenBy('node 2');
  await next();
  const told: string[] = [];
  lease.listen({
    suspended: () => told.push('suspended'),
    resumed: () => told.push('resumed'),
    lost: () => told.push('lost'),
  });
  t.strictSame(told, ['suspended', 'lost']);
});

t.test('a turn that ends in order says so', async (t) => {
  const { lock, lease } = await begin(t);
  await lease.release();
  t.match(lock.note, { node: 'this node', isReleased: true, epoch: 0 });
  t.notOk(lease.isHeld);
});

t.test('whoever is overtaken before it began has no turn', async (t) => {
  const lock = new FakeLock();
  const epoch = (await lock.take()) as number;
  lock.takenBy('node 2');
  const clock = new FakeClock();
  const options = { lock, epoch, node: 'this node', sessionTimeoutMs, clock, log: silent };
  t.equal(await Lease.begin(options), null);
});
