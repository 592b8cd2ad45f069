/** The log over a real Pulsar: what every log must do, and what is Pulsar's own. */
import t, { type Test } from 'tap';
import { baseOffset } from '../../engine/protocol/kafka/record-batch.js';
import type { Log, LogConfig } from '../../workers/log/log.js';
import { recordsOf } from '../workers/log/batches.js';
import { conformance } from '../workers/log/conformance.js';
import { append, type OpenedLog, Session } from '../workers/log/session.js';
import { openLog } from './open-log.js';
import { adminUrl, lookupOf, newTopic } from './peer.js';

// A broker that was just started takes seconds for its first topics.
t.setTimeout(280_000);

function sessionOf(log: Log): Session {
  return new Session({ log, reopen: () => Promise.reject(new Error('not here')) });
}

/** Appends batches of three records whenever the log takes one, until it has ended or `batches` are stable. */
async function pump(session: Session, batches: number): Promise<void> {
  const { log } = session;
  for (let sent = 0; sent < batches && session.fault === null; sent++) {
    await session.until(() => log.isWritable || session.fault !== null);
    if (session.fault === null) append(log, recordsOf(3));
  }
  const { logEndOffset } = log;
  await session.until(() => session.fault !== null || log.stableEndOffset === logEndOffset);
}

/** Offsets of the batches with records. */
async function offsetsOf(session: Session): Promise<number[]> {
  return (await session.readAll()).map((batch) => baseOffset(batch, 0));
}

for (const config of [
  { entryFormat: 'kafka' },
  { entryFormat: 'pulsar' },
  { entryFormat: 'pulsar', pulsarWriters: 'shared' },
] satisfies Partial<LogConfig>[]) {
  t.test(`a new topic, with ${JSON.stringify(config)}`, async (t) => {
    conformance(t, async (t: Test) => {
      const topic = newTopic();
      const lookup = lookupOf(t);
      const open = async (): Promise<OpenedLog> => {
        const log = await openLog(lookup, topic, { config });
        return {
          log,
          async reopen() {
            await log.close();
            return open();
          },
        };
      };
      return open();
    });
  });
}

t.test('a topic is unloaded and its connections are cut while it is written to', async (t) => {
  const topic = newTopic();
  const lookup = lookupOf(t);
  const log = await openLog(lookup, topic);
  const session = sessionOf(log);
  await pump(session, 100);
  const pumping = pump(session, 2_000);
  const path = `/admin/v2/${topic.replace('://', '/')}/unload`;
  const unloaded = await fetch(`${adminUrl}${path}`, { method: 'PUT' });
  t.ok(unloaded.ok);
  await pumping;
  // It goes on, or everything before its stable end is there and the rest was refused.
  const { stableEndOffset, logEndOffset } = log;
  t.ok(session.fault === null ? stableEndOffset === logEndOffset : stableEndOffset <= logEndOffset);
  const { code = 'storage' } = session.fault ?? {};
  t.equal(code, 'storage', session.fault?.message ?? 'it went on');
  await log.close();
  const next = sessionOf(await openLog(lookup, topic));
  const offsets = await offsetsOf(next);
  const expected = Array.from({ length: offsets.length }, (_, index) => 3 * index);
  t.strictSame(offsets, expected, 'nothing twice, nothing in between');
  t.ok(3 * offsets.length >= stableEndOffset, 'nothing acknowledged is missing');
  const cut = pump(next, 200);
  (await lookup.connectionFor(topic, 'read')).close();
  await cut;
  t.equal(next.fault, null, 'readers are on another connection');
  await next.log.close();
});

t.test('another owner takes a topic over while it is written to', async (t) => {
  const topic = newTopic();
  const old = sessionOf(await openLog(lookupOf(t), topic));
  await pump(old, 100);
  const pumping = pump(old, 100_000);
  const next = sessionOf(await openLog(lookupOf(t), topic));
  const nextStart = next.log.logEndOffset;
  await pumping;
  t.equal(old.fault?.code, 'fenced');
  await pump(next, 100);
  // While one takes over, the broker may accept the other once more, and close the new one.
  if (next.fault !== null) t.equal(next.fault.code, 'storage');
  await next.log.close();
  const last = sessionOf(await openLog(lookupOf(t), topic));
  const offsets = await offsetsOf(last);
  t.equal(new Set(offsets).size, offsets.length);
  for (const [start, end] of [
    [0, old.log.stableEndOffset],
    [nextStart, next.log.stableEndOffset],
  ] as const) {
    const own = offsets.filter((offset) => offset >= start && offset < end);
    const expected = Array.from({ length: (end - start) / 3 }, (_, index) => start + 3 * index);
    t.strictSame(own, expected, 'what an owner acknowledged is where it said');
  }
  await pump(last, 10);
  t.equal(last.fault, null);
  await last.log.close();
});
