import { pino } from 'pino';
import t from 'tap';
import {
  type GroupSubscriptionMode,
  GroupSubscriptions,
} from '../../../../engine/catalog/pulsar/group-subscriptions.js';
import type { ServedPartition } from '../../../../engine/catalog/pulsar/served-topics.js';
import type { SubscriptionAdmin } from '../../../../engine/catalog/pulsar/subscription-admin.js';

type Admin = Pick<SubscriptionAdmin, keyof SubscriptionAdmin>;

/** Subscriptions by `topic name`, and what was asked for. */
class FakeAdmin implements Admin {
  readonly there = new Map<string, { isOurs: boolean; consumers: number; at: string }>();
  readonly asked: string[] = [];
  keeps = true;
  failures = 0;
  answers: Promise<void> = Promise.resolve();

  async subscriptions(topic: string) {
    await this.answers;
    if (this.failures > 0) {
      this.failures--;
      throw new Error('the cluster does not answer');
    }
    const ofTopic = [...this.there].filter(([key]) => key.startsWith(`${topic} `));
    return new Map(ofTopic.map(([key, found]) => [key.slice(topic.length + 1), found]));
  }

  async create(topic: string, name: string, place: object) {
    this.#put('create', topic, name, place);
  }

  async move(topic: string, name: string, place: object) {
    this.#put('move', topic, name, place);
  }

  async remove(topic: string, name: string) {
    this.asked.push(`remove ${topic} ${name}`);
    this.there.delete(`${topic} ${name}`);
  }

  async keepsForEver() {
    this.asked.push('policies');
    return this.keeps;
  }

  #put(verb: string, topic: string, name: string, place: object) {
    const at = Object.values(place).join(':');
    this.asked.push(`${verb} ${topic} ${name} ${at}`);
    this.there.set(`${topic} ${name}`, { isOurs: true, consumers: 0, at });
  }
}

function setUp(mode: GroupSubscriptionMode = 'auto', entryFormat = 'pulsar') {
  const admin = new FakeAdmin();
  const clock = { nowMs: 0 };
  const groups = new GroupSubscriptions({
    mode,
    admin: admin as unknown as SubscriptionAdmin,
    partition: (topic, partition) =>
      topic === 'gone'
        ? undefined
        : ({
            ref: { topic, partition },
            pulsarTopic: `${topic}-${partition}`,
            parent: topic,
            config: { entryFormat },
          } as ServedPartition),
    placeOf: async (_ref, offset) => ({ ledgerId: 7, entryId: offset }),
    clock: () => clock.nowMs,
    log: pino({ level: 'silent' }),
  });
  /** What Pulsar was asked for beside its policies. */
  const show = async () => {
    admin.asked.length = 0;
    await groups.show();
    return admin.asked.filter((asked) => asked !== 'policies');
  };
  return { admin, clock, groups, show };
}

t.test('the latest offset of each group and partition is shown', async (t) => {
  const { groups, show } = setUp();
  t.teardown(() => groups.close());
  for (const offset of [1, 2, 3]) groups.committed('g', 't', 0, offset);
  groups.committed('g', 't', 1, 9);
  groups.committed('h', 't', 0, 5);
  groups.committed('g', 'gone', 0, 5);
  t.strictSame((await show()).sort(), ['create t-0 g 7:3', 'create t-0 h 7:5', 'create t-1 g 7:9']);
  t.strictSame(await show(), [], 'nothing was committed since');
  groups.committed('g', 't', 0, 2);
  t.strictSame(await show(), ['move t-0 g 7:2'], 'back, too');
  groups.committed('g', 't', 0, 4);
  groups.removed('g', 't', 0);
  t.strictSame(await show(), ['remove t-0 g']);
});

t.test("somebody else's subscription, and one that is read with, stays where it is", async (t) => {
  const { admin, groups, show } = setUp();
  t.teardown(() => groups.close());
  admin.there.set('t-0 theirs', { isOurs: false, consumers: 0, at: '' });
  admin.there.set('t-0 read', { isOurs: true, consumers: 1, at: '' });
  for (const group of ['theirs', 'read']) {
    groups.committed(group, 't', 0, 4);
    t.strictSame(await show(), []);
    groups.removed(group, 't', 0);
    t.strictSame(await show(), []);
  }
  t.equal(admin.there.size, 2);
});

t.test('a backlog quota or a finite retention ends it', async (t) => {
  const { admin, clock, groups, show } = setUp();
  t.teardown(() => groups.close());
  groups.committed('g', 't', 0, 1);
  await show();
  admin.keeps = false;
  groups.committed('g', 't', 0, 2);
  t.strictSame(await show(), ['move t-0 g 7:2'], 'policies are not asked for every second');
  clock.nowMs += 31_000;
  groups.committed('g', 't', 0, 3);
  groups.committed('h', 't', 0, 3);
  t.strictSame(await show(), ['remove t-0 g']);
});

t.test('which topics: as the setting says', async (t) => {
  const shown = async (mode: GroupSubscriptionMode, entryFormat: string) => {
    const { groups, show } = setUp(mode, entryFormat);
    groups.committed('g', 't', 0, 1);
    const asked = await show();
    await groups.close();
    return asked.length;
  };
  t.equal(await shown('auto', 'pulsar'), 1);
  t.equal(await shown('auto', 'kafka'), 0);
  t.equal(await shown('true', 'kafka'), 1);
  t.equal(await shown('false', 'pulsar'), 0);
});

t.test('a cluster that does not answer is asked again, one time after the other', async (t) => {
  const { admin, groups, show } = setUp();
  t.teardown(() => groups.close());
  let answer = () => {};
  admin.answers = new Promise((resolve) => {
    answer = resolve;
  });
  groups.committed('g', 't', 0, 1);
  const first = groups.show();
  groups.committed('g', 't', 0, 2);
  t.equal(groups.show(), first, 'the first one is under way');
  answer();
  await first;
  admin.failures = 2;
  t.strictSame(await show(), []);
  groups.committed('h', 't', 0, 5);
  t.strictSame(await show(), []);
  t.strictSame(await show(), ['move t-0 g 7:2', 'create t-0 h 7:5']);
  admin.failures = 1_000;
  groups.committed('g', 't', 0, 3);
  for (let tries = 0; tries < 20; tries++) await show();
  t.equal(admin.failures, 990, 'not for ever');
});

t.test('nothing is shown once it is closed', async (t) => {
  const { groups, show } = setUp();
  groups.committed('g', 't', 0, 1);
  await groups.close();
  groups.committed('g', 't', 0, 2);
  t.strictSame(await show(), []);
});
