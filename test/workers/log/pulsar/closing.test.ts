/** A log that is closed while its owner is away. */
import t from 'tap';
import { Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { openFakeLog } from './open-fake-log.js';

for (const pulsarWriters of ['exclusive', 'shared'] as const) {
  t.test(`it does not come back once it is closed: ${pulsarWriters}`, async (t) => {
    const topic = await FakeTopic.start(t);
    const log = await openFakeLog(t, topic, { config: { pulsarWriters } });
    const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
    await session.appendBatches([1]);
    const { producers } = topic;
    let answer: (isThere: boolean) => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      topic.exists = () => {
        resolve();
        return new Promise((settle) => {
          answer = settle;
        });
      };
    });
    topic.unload();
    await asked;
    // The topic is deleted and made anew: that is not this owner's.
    const closed = log.close(true);
    let isClosed = false;
    void closed.then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    t.notOk(isClosed, 'something is under way');
    answer(true);
    await closed;
    t.equal(topic.producers, producers);
  });
}
