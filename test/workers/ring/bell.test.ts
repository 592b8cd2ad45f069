import t from 'tap';
import { allocateBells, BellListener, ringBell } from '../../../workers/ring/bell.js';
import { Bell } from '../../../workers/ring/slots.js';

t.test('a ring that comes during a turn is not lost', async (t) => {
  const board = new Int32Array(allocateBells(1));
  let turns = 0;
  await new Promise<void>((resolve) => {
    const listener = new BellListener(board, Bell.main, () => {
      turns++;
      // Rung after the drain and before the wait: the next turn must come all the same.
      if (turns === 1) ringBell(board, Bell.main);
      if (turns === 2) {
        listener.close();
        resolve();
      }
      return false;
    });
    listener.start();
    // The wait itself keeps no event loop alive.
    const alive = setInterval(() => {}, 1_000);
    setImmediate(() => setImmediate(() => clearInterval(alive)));
  });
  t.equal(turns, 2);
});

t.test('a turn that leaves work behind lets timers and I/O run first', async (t) => {
  const board = new Int32Array(allocateBells(1));
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    let turns = 0;
    const listener = new BellListener(board, Bell.main, () => {
      order.push('turn');
      if (++turns === 1) setImmediate(() => order.push('immediate'));
      if (turns < 3) return true;
      listener.close();
      resolve();
      return false;
    });
    listener.start();
  });
  t.equal(order[0], 'turn');
  t.ok(order.indexOf('immediate') < order.lastIndexOf('turn'), order.join(' '));
});
