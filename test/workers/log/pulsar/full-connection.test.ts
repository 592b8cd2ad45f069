/** Many partitions write over one connection, which takes so many entries without a receipt. */
import t from 'tap';
import { Lookup } from '../../../../workers/log/pulsar/lookup.js';
import { maxPendingSendsPerConnection } from '../../../../workers/log/pulsar/send-window.js';
import { recordsOf } from '../batches.js';
import { append, Session } from '../session.js';
import { FakeTopic } from './fake-topic.js';
import { openFakeLog } from './open-fake-log.js';
import { connectionsOf } from './setup.js';

for (const pulsarWriters of ['exclusive', 'shared'] as const) {
  t.test(`an entry waits for those of others: ${pulsarWriters}`, async (t) => {
    const topic = await FakeTopic.start(t);
    const lookup = new Lookup(connectionsOf(t), [topic.broker.address]);
    const { sendWindow } = await lookup.connectionFor(topic.name, 'write');
    const others = { room() {} };
    while (sendWindow.take(others));
    // An owner's barrier waits for nobody.
    topic.store(1);
    const log = await openFakeLog(t, topic, { lookup, config: { pulsarWriters } });
    t.teardown(() => log.close());
    const session = new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
    const { stableEndOffset } = log;
    t.ok(log.isWritable);
    append(log, recordsOf(3));
    t.notOk(log.isWritable, 'it is queued');
    sendWindow.give(maxPendingSendsPerConnection);
    await session.until(() => log.isWritable && log.stableEndOffset === stableEndOffset + 3);
    await session.appendBatches([2]);
    t.equal(session.fault, null);
  });
}
