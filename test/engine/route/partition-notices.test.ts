import pino from 'pino';
import t, { type Test } from 'tap';
import { PartitionNotices } from '../../../engine/route/partition-notices.js';

interface Line {
  readonly msg: string;
}

/** Notices, and the lines that came of them. */
function noticesOf(t: Test, written: (line: Line) => void = () => {}) {
  const lines: Line[] = [];
  const write = (text: string) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    written(line);
  };
  const notices = new PartitionNotices(pino({ base: null, timestamp: false }, { write }));
  t.teardown(() => notices.flush());
  return { notices, lines };
}

t.test(
  'a thousand partitions that lose the same way have one line, and one for the way back',
  async (t) => {
    const { notices, lines } = noticesOf(t);
    for (let partition = 0; partition < 1_000; partition++) {
      notices.tell('warn', { topic: 't', partition, reason: `reset ${partition}` }, 'lost');
    }
    for (let partition = 0; partition < 3; partition++) {
      notices.tell('info', { topic: 'u', partition }, 'back');
    }
    t.strictSame(lines, []);
    notices.flush();
    const first = ['t-0', 't-1', 't-2', 't-3', 't-4'];
    t.strictSame(lines, [
      { level: 40, reason: 'reset 0', partitions: 1_000, first, msg: 'lost' },
      { level: 30, partitions: 3, first: ['u-0', 'u-1', 'u-2'], msg: 'back' },
    ]);
    notices.flush();
    t.equal(lines.length, 2, 'each is told once');
  },
);

t.test('one by itself is told with all that it says, a moment later', async (t) => {
  const line = await new Promise<Line>((resolve) => {
    const { notices } = noticesOf(t, resolve);
    notices.tell('error', { topic: 't', partition: 7, reason: 'it is gone' }, 'offline');
    // Nothing else may keep the process: the line does not.
    const keep = setTimeout(() => {}, 60_000);
    t.teardown(() => clearTimeout(keep));
  });
  t.strictSame(line, { level: 50, topic: 't', partition: 7, reason: 'it is gone', msg: 'offline' });
});
