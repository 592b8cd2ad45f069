import t from 'tap';
import { type WaitingFetch, WaitingFetches } from '../../../engine/wait/waiting-fetches.js';

/** Records the watch flags, and lets a test move the high watermark at the worst moment. */
class Flags {
  readonly watched = new Set<number>();
  onWatch: (() => void) | null = null;

  watch(slot: number, watched: boolean): void {
    if (watched) this.watched.add(slot);
    else this.watched.delete(slot);
    this.onWatch?.();
  }
}

class Fetch implements WaitingFetch {
  readonly slots: number[];
  enough = false;
  answers: string[] = [];

  constructor(...slots: number[]) {
    this.slots = slots;
  }

  satisfied(_slot: number | null): boolean {
    if (this.enough) this.answers.push('satisfied');
    return this.enough;
  }

  expired(): void {
    this.answers.push('expired');
  }
}

t.test('looks again after the flags are set: bytes that came in between are not missed', (t) => {
  const flags = new Flags();
  const waits = new WaitingFetches(flags);
  const fetch = new Fetch(1, 2);
  // The owner appended after the fetch looked and before it watched: no wake will come for it.
  flags.onWatch = () => {
    fetch.enough = true;
  };
  waits.park(fetch, 60_000);
  t.strictSame(fetch.answers, ['satisfied']);
  t.equal(waits.size, 0);
  t.equal(flags.watched.size, 0, 'no flag stays set');
  t.end();
});

t.test('a wake answers those that are satisfied, and a flag stays while another waits', (t) => {
  const flags = new Flags();
  const waits = new WaitingFetches(flags);
  const [first, second] = [new Fetch(1, 2), new Fetch(2)];
  waits.park(first, 60_000);
  waits.park(second, 60_000);
  first.enough = true;
  waits.wake(2);
  t.strictSame([first.answers, second.answers], [['satisfied'], []]);
  t.strictSame([...flags.watched], [2]);
  waits.wake(9);
  waits.forget(second);
  t.equal(flags.watched.size, 0);
  t.end();
});

t.test('answers with what there is when time is up, and when the broker stops', async (t) => {
  const waits = new WaitingFetches(new Flags());
  const short = new Fetch(1);
  const long = new Fetch(1);
  const expired = new Promise<void>((resolve) => {
    short.expired = () => {
      short.answers.push('expired');
      resolve();
    };
  });
  waits.park(short, 1);
  waits.park(long, 60_000);
  await expired;
  t.strictSame([short.answers, long.answers], [['expired'], []]);
  waits.expireAll();
  t.strictSame(long.answers, ['expired']);
  t.equal(waits.size, 0);
});
