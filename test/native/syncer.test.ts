import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createSyncer, type Syncer } from '../../native/index.js';
import { available } from './samples.js';

const synced = (syncer: Syncer, fd: number): Promise<number> =>
  new Promise((resolve) => syncer.sync(fd, resolve));

for (const { name } of available) {
  const startThread = (path: string, mode: 'once' | 'forever'): Worker =>
    new Worker(new URL('./sync-thread.js', import.meta.url), {
      workerData: { preference: name, path, mode },
    });

  t.test(`${name}: syncs, and tells the errno`, async (t) => {
    const syncer = createSyncer(name);
    t.teardown(() => syncer.close());
    const fd = openSync(join(t.testdir(), 'log'), 'w');
    t.teardown(() => closeSync(fd));
    writeSync(fd, 'record');
    t.equal(await synced(syncer, fd), 0);
    const EBADF = 9;
    t.equal(await synced(syncer, 1 << 20), EBADF);

    const many = Array.from({ length: 100 }, (_, i) => synced(syncer, i % 10 === 0 ? 1 << 20 : fd));
    const errnos = await Promise.all(many);
    t.equal(errnos.filter((errno) => errno === EBADF).length, 10, 'each its own');
    t.equal(errnos.filter((errno) => errno === 0).length, 90);
  });

  t.test(`${name}: after close nothing is called`, async (t) => {
    const fd = openSync(join(t.testdir(), 'log'), 'w');
    t.teardown(() => closeSync(fd));
    const closed = createSyncer(name);
    for (let i = 0; i < 20; i++) closed.sync(fd, () => t.fail('a callback after close'));
    closed.close();
    closed.close();
    t.throws(() => closed.sync(fd, () => {}), /closed/);
    const other = createSyncer(name);
    t.equal(await synced(other, fd), 0, 'another syncer goes on');
    other.close();
  });

  t.test(`${name}: a callback that closes its syncer`, async (t) => {
    const fd = openSync(join(t.testdir(), 'log'), 'w');
    t.teardown(() => closeSync(fd));
    const syncer = createSyncer(name);
    let calls = 0;
    await new Promise<void>((resolve) => {
      for (let i = 0; i < 10; i++) {
        syncer.sync(fd, () => {
          calls++;
          syncer.close();
          resolve();
        });
      }
    });
    const other = createSyncer(name);
    await synced(other, fd);
    other.close();
    t.equal(calls, 1);
  });

  t.test(`${name}: a thread with an idle syncer ends by itself`, async (t) => {
    const path = join(t.testdir({ log: 'record' }), 'log');
    const [code] = await once(startThread(path, 'once'), 'exit');
    t.equal(code, 0);
  });

  t.test(`${name}: threads may be terminated in the middle of syncs`, async (t) => {
    const path = join(t.testdir({ log: 'record' }), 'log');
    for (let round = 0; round < 4; round++) {
      const threads = [startThread(path, 'forever'), startThread(path, 'forever')];
      await Promise.all(threads.map((thread) => once(thread, 'message')));
      await Promise.all(threads.map((thread) => thread.terminate()));
    }
    const syncer = createSyncer(name);
    const fd = openSync(path, 'r+');
    t.equal(await synced(syncer, fd), 0, 'this thread still syncs');
    closeSync(fd);
    syncer.close();
  });
}
