import t from 'tap';
import { ControlDesk } from '../../../workers/partition/control-desk.js';
import { AppendRequest } from '../../../workers/partition/request.js';
import type { FromWorker } from '../../../workers/ring/control.js';
import type { Opened, PartitionWorker } from '../../../workers/thread.js';
import { buildBatch, codecs, defaultTimestamp } from '../batch/build-batch.js';
import { diskError, MemoryDisk, type Operation } from '../log/embedded/memory-disk.js';
import { embeddedSettings, openingOf } from './embedded-opening.js';

const settings = embeddedSettings('/d');
const opening = openingOf('t');

/** A desk over a disk that fails as it is told to, and what its thread told main. */
function setUp() {
  const disk = new MemoryDisk();
  const told: FromWorker[] = [];
  const opened = new Map<number, Opened>();
  const worker = {
    task: { settings },
    opened,
    table: { publish: () => false },
    tell: (message: FromWorker) => told.push(message),
    completeAppend() {},
    answerHeld() {},
    count() {},
    stop() {},
  };
  const desk = new ControlDesk(worker as unknown as PartitionWorker, {
    disk,
    isDiskShared: true,
    codecs,
    sleeper: { wait() {}, wake() {} } as never,
    now: () => defaultTimestamp,
    every: () => () => {},
    removeDirectory() {},
    close() {},
  });
  const append = () => {
    const bytes = buildBatch({});
    const { partition } = opened.get(0)!;
    partition.enqueue(new AppendRequest(0, bytes, 0, bytes.length));
    partition.drain();
  };
  const kinds = () => told.map(({ kind }) => kind).filter((kind) => kind !== 'notice');
  return { disk, desk, append, kinds, opened };
}

function failing(operation: Operation) {
  return (o: Operation, path: string) => {
    if (o === operation && path.endsWith('.log')) throw diskError('EIO');
  };
}

t.test('a stop waits for an opening that is under way, and closes what it opened', async (t) => {
  const { disk, desk, kinds, opened } = setUp();
  const open = desk.answer({ id: 1, request: { kind: 'open', ...opening } });
  await desk.answer({ id: 2, request: { kind: 'stop' } });
  await open;
  t.same(kinds(), ['answer', 'answer']);
  t.equal(opened.size, 0);
  t.equal(disk.openFiles, 0);
});

t.test('a stop whose last sync fails is not in order', async (t) => {
  const { disk, desk, append, kinds } = setUp();
  await desk.answer({ id: 1, request: { kind: 'open', ...opening } });
  append();
  disk.syncErrno = 5;
  await desk.answer({ id: 2, request: { kind: 'stop' } });
  t.same(kinds(), ['answer', 'offline', 'failure']);
});

t.test('a stop with a log that ended with a fault is not in order', async (t) => {
  const { disk, desk, append, kinds } = setUp();
  await desk.answer({ id: 1, request: { kind: 'open', ...opening } });
  disk.before = failing('writev');
  append();
  disk.before = () => {};
  await desk.answer({ id: 2, request: { kind: 'stop' } });
  t.same(kinds(), ['answer', 'offline', 'failure']);
});

t.test('a run that cannot be taken back takes the partition offline at once', async (t) => {
  const { disk, desk, append, kinds } = setUp();
  await desk.answer({ id: 1, request: { kind: 'open', ...opening } });
  disk.freeBytes = 10;
  disk.before = failing('truncate');
  append();
  t.same(kinds(), ['answer', 'offline']);
});
