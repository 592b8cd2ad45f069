import t from 'tap';
import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import { addSequence, subtractSequence } from '../../../workers/partition/producer-entry.js';
import { maxProducers, ProducerState } from '../../../workers/partition/producer-state.js';
import fc from '../../fast-check.js';
import { buildBatch } from '../batch/build-batch.js';

const maxSequence = 2 ** 31 - 1;
const expirationMs = 1000;

/** What KIP-98 says, written down as plainly as possible. */
class Model {
  producers = new Map<number, { epoch: number; batches: ModelBatch[] }>();

  check(id: number, epoch: number, first: number, count: number): number | ModelBatch {
    const known = this.producers.get(id);
    if (!known) return ErrorCode.NONE;
    if (epoch < known.epoch) return ErrorCode.INVALID_PRODUCER_EPOCH;
    if (epoch > known.epoch) return first === 0 ? 0 : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
    const last = (first + count - 1) % 2 ** 31;
    const repeated = known.batches.find((batch) => batch.first === first && batch.last === last);
    if (repeated) return repeated;
    const expected = ((known.batches.at(-1)?.last as number) + 1) % 2 ** 31;
    return first === expected ? ErrorCode.NONE : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
  }

  append(id: number, epoch: number, batch: ModelBatch): void {
    const known = this.producers.get(id);
    const batches = known?.epoch === epoch ? [...known.batches, batch].slice(-5) : [batch];
    this.producers.set(id, { epoch, batches });
  }

  copy(): Model {
    const copy = new Model();
    copy.producers = new Map(this.producers);
    return copy;
  }
}

interface ModelBatch {
  first: number;
  last: number;
  baseOffset: number;
  lastOffset: number;
}

interface Sent {
  id: number;
  epoch: number;
  count: number;
  /** Where the sequence begins: after the last one, at 0, or anywhere. */
  first: 'next' | 'zero' | 'again' | number;
}

type Step = { send: Sent } | { end: 'keep' | 'undo' };

const sent: fc.Arbitrary<Sent> = fc.record({
  id: fc.integer({ min: 1, max: 3 }),
  epoch: fc.constantFrom(0, 0, 0, 1, 2),
  count: fc.integer({ min: 1, max: 4 }),
  first: fc.oneof(
    { weight: 6, arbitrary: fc.constant('next' as const) },
    fc.constant('zero' as const),
    { weight: 2, arbitrary: fc.constant('again' as const) },
    fc.constantFrom(1, 5, maxSequence - 1, maxSequence),
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ send: sent }) },
  fc.record({ end: fc.constantFrom('keep' as const, 'keep' as const, 'undo' as const) }),
);

function firstOf(model: Model, { id, first }: Sent): number {
  const batches = model.producers.get(id)?.batches ?? [];
  if (first === 'next') return ((batches.at(-1)?.last ?? -1) + 1) % 2 ** 31;
  if (first === 'again') return batches[0]?.first ?? 0;
  return first === 'zero' ? 0 : first;
}

/** Runs the steps on both; returns the batches that were kept, in order. */
function run(steps: Step[], state: ProducerState, kept: Model) {
  let model = kept.copy();
  let nextOffset = 0;
  let keptOffset = 0;
  const log: { shape: Parameters<typeof buildBatch>[0]; endOffset: number }[] = [];
  let gathered: typeof log = [];
  const end = (how: 'keep' | 'undo') => {
    if (how === 'keep') {
      state.keepRun();
      kept = model.copy();
      keptOffset = nextOffset;
      log.push(...gathered);
    } else {
      state.undoRun();
      model = kept.copy();
      nextOffset = keptOffset;
    }
    gathered = [];
  };
  for (const each of steps) {
    if ('end' in each) {
      end(each.end);
      continue;
    }
    const { id, epoch, count } = each.send;
    const first = firstOf(model, each.send);
    const expected = model.check(id, epoch, first, count);
    const found = state.check(id, epoch, first, count);
    if (typeof expected === 'object') {
      if (found !== ErrorCode.DUPLICATE_SEQUENCE_NUMBER) throw new Error(`no duplicate: ${found}`);
      if (state.duplicateBaseOffset !== expected.baseOffset) throw new Error('another offset');
      if (state.duplicateLastOffset !== expected.lastOffset) throw new Error('another end');
      continue;
    }
    if (found !== expected) throw new Error(`${found} and not ${expected}`);
    if (found !== ErrorCode.NONE) continue;
    if (state.isRunFull(id)) end('keep');
    const lastOffset = nextOffset + count - 1;
    const last = (first + count - 1) % 2 ** 31;
    state.append(id, epoch, first, nextOffset, lastOffset, 10, 0);
    model.append(id, epoch, { first, last, baseOffset: nextOffset, lastOffset });
    gathered.push({
      shape: {
        records: Array.from({ length: count }, () => ({ key: 'k', timestamp: 10 })),
        baseOffset: nextOffset,
        producerId: id,
        producerEpoch: epoch,
        baseSequence: first,
      },
      endOffset: lastOffset + 1,
    });
    nextOffset = lastOffset + 1;
  }
  end('keep');
  return log;
}

t.test('the state agrees with the model, whatever is kept or undone', async (t) => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    run(steps, new ProducerState(expirationMs, () => 0), new Model());
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test('snapshot and tail rebuild what was known', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, cut) => {
      const state = new ProducerState(expirationMs, () => 0);
      const log = run(steps, state, new Model());
      const endOffset = log[cut % (log.length + 1)]?.shape?.baseOffset ?? 0;
      // The state at `endOffset`, as a partition would have had it there.
      const earlier = new ProducerState(expirationMs, () => 0);
      for (const batch of log.filter((each) => each.endOffset <= endOffset)) {
        earlier.batch(buildBatch(batch.shape), 0);
      }
      const rebuilt = new ProducerState(expirationMs, () => 0);
      rebuilt.snapshot(earlier.takeSnapshot(endOffset));
      for (const batch of log.filter((each) => each.endOffset > endOffset)) {
        rebuilt.batch(buildBatch(batch.shape), 0);
      }
      t.same(byId(rebuilt), byId(state));
    }),
    { numRuns: 100 },
  );
});

function byId(state: ProducerState) {
  return state.takeSnapshot(Number.MAX_SAFE_INTEGER).sort((a, b) => a.producerId - b.producerId);
}

t.test('a snapshot in the middle of a run shows nothing at or beyond its offset', async (t) => {
  const state = new ProducerState(expirationMs, () => 0);
  state.append(1, 0, 0, 0, 4, 10, 0);
  state.keepRun();
  for (let index = 0; index < 5; index++) {
    const base = 5 + index;
    state.append(1, index === 4 ? 1 : 0, index === 4 ? 0 : base, base, base, 20 + index, 0);
  }
  state.append(2, 0, 0, 10, 12, 30, 0);
  const rows = state.takeSnapshot(7);
  const known = { producerId: 1, producerEpoch: 0 };
  t.match(rows, [
    { ...known, lastSequence: 4, lastOffset: 4, offsetDelta: 4 },
    { ...known, lastSequence: 5, lastOffset: 5, offsetDelta: 0 },
    { ...known, lastSequence: 6, lastOffset: 6, offsetDelta: 0 },
  ]);
  t.equal(rows.length, 3);
  t.match(state.takeSnapshot(5), [{ lastSequence: 4, lastOffset: 4, offsetDelta: 4 }]);
  t.match(state.takeSnapshot(10), [{ producerEpoch: 1, lastSequence: 0, lastOffset: 9 }]);
  t.throws(() => state.append(1, 1, 1, 13, 13, 40, 0), /too much of one producer/);
  state.undoRun();
  t.match(state.takeSnapshot(100), [{ lastOffset: 4 }]);
  t.equal(state.size, 1);
});

t.test('behind a snapshot every batch that a client may send again is known', async (t) => {
  const state = new ProducerState(expirationMs, () => 0);
  for (let batch = 0; batch < 7; batch++) {
    state.append(1, 0, 3 * batch, 3 * batch, 3 * batch + 2, 10, 0);
    state.keepRun();
  }
  const rebuilt = new ProducerState(expirationMs, () => 0);
  rebuilt.snapshot(state.takeSnapshot(21));
  for (let batch = 2; batch < 7; batch++) {
    t.equal(rebuilt.check(1, 0, 3 * batch, 3), ErrorCode.DUPLICATE_SEQUENCE_NUMBER);
    t.equal(rebuilt.duplicateBaseOffset, 3 * batch);
  }
  t.equal(rebuilt.check(1, 0, 3, 3), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'the sixth last');
  t.equal(rebuilt.check(1, 0, 21, 1), ErrorCode.NONE);
});

t.test('sequences wrap at 2^31', async (t) => {
  t.equal(addSequence(maxSequence, 1), 0);
  t.equal(addSequence(maxSequence - 1, 3), 1);
  t.equal(subtractSequence(1, 3), maxSequence - 1);
  t.equal(subtractSequence(0, 0), 0);
});

t.test('silent producers expire, and the restart of the clock is the broker’s', async (t) => {
  let now = 5000;
  const state = new ProducerState(expirationMs, () => now);
  state.snapshot([
    {
      producerId: 1,
      producerEpoch: 0,
      lastSequence: 3,
      lastOffset: 9,
      offsetDelta: 0,
      timestamp: 1,
      coordinatorEpoch: -1,
      currentTxnFirstOffset: -1,
    },
  ]);
  state.expire(now);
  t.equal(state.size, 1, 'an old timestamp of the producer’s own does not count');
  now += expirationMs;
  state.append(2, 0, 0, 10, 10, 1, now);
  state.expire(now);
  t.same(
    state.rows().map((row) => row.producerId),
    [2],
  );
});

t.test('a producer with an epoch and no batch keeps its epoch', async (t) => {
  const state = new ProducerState(expirationMs, () => 0);
  state.batch(buildBatch({ producerId: 1, producerEpoch: 0, baseSequence: 0, baseOffset: 0 }), 0);
  // An abort marker that fences the old epoch.
  const marker = { producerId: 1, producerEpoch: 1, baseSequence: -1, baseOffset: 1 };
  state.batch(buildBatch({ ...marker, attributes: 0x30 }), 0);
  const rows = state.takeSnapshot(2);
  t.match(rows, [{ producerEpoch: 1, lastSequence: -1 }]);
  const rebuilt = new ProducerState(expirationMs, () => 0);
  rebuilt.snapshot(rows);
  t.equal(rebuilt.check(1, 0, 1, 1), ErrorCode.INVALID_PRODUCER_EPOCH);
  t.equal(rebuilt.check(1, 1, 0, 1), ErrorCode.NONE);
  t.equal(rebuilt.check(1, 1, 5, 1), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
});

t.test('the number of producers is bounded: the longest silent go first', async (t) => {
  const state = new ProducerState(expirationMs, () => 0);
  for (let id = 0; id < maxProducers; id++) {
    state.append(id, 0, 0, id, id, 1, id);
    state.keepRun();
  }
  t.equal(state.size, maxProducers);
  state.append(maxProducers, 0, 0, maxProducers, maxProducers, 1, maxProducers);
  t.ok(state.size < maxProducers);
  const last = maxProducers - 1;
  t.equal(state.check(last, 0, 9, 1), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'still known');
  t.equal(state.check(0, 0, 9, 1), ErrorCode.NONE, 'forgotten');
});
