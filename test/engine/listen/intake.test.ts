import t from 'tap';
import { FrameError, type FrameSink, Intake } from '../../../engine/listen/intake.js';
import { type Landing, LandingSlab } from '../../../engine/listen/landing-slab.js';
import fc from '../../fast-check.js';

const mebibyte = 1024 * 1024;

/** Keeps frames for a while, as workers do, and checks their bytes when it lets go of them. */
class Keeper implements FrameSink {
  readonly slab: LandingSlab;
  readonly kept: { landing: Landing; start: number; end: number; fill: number }[] = [];
  readonly lengths: number[] = [];
  damaged = 0;
  resumed = 0;
  /** Lets everything go whenever reading might go on. */
  releasing = false;
  readonly failures: string[] = [];
  readonly #keep: number;

  constructor(slab: LandingSlab, keep: number) {
    this.slab = slab;
    this.#keep = keep;
  }

  frame(landing: Landing, start: number, end: number): void {
    this.kept.push({ landing, start, end, fill: this.lengths.length & 0xff });
    this.lengths.push(end - start);
    while (this.kept.length > this.#keep) this.letGo();
  }

  intakeResumed(): void {
    this.resumed++;
    if (this.releasing) while (this.kept.length > 0) this.letGo();
  }

  intakeFailed(error: FrameError): void {
    this.failures.push(error.message);
  }

  letGo(): void {
    const frame = this.kept.shift();
    if (!frame) return;
    for (let at = frame.start; at < frame.end; at++) {
      if (this.slab.view[at] !== frame.fill) this.damaged++;
    }
    frame.landing.release();
  }
}

/** The wire bytes of frames of the given lengths; frame n is filled with n. */
function wire(lengths: readonly number[]): Buffer {
  return Buffer.concat(
    lengths.map((length, index) => {
      const frame = Buffer.alloc(4 + length, index & 0xff);
      frame.writeInt32BE(length);
      return frame;
    }),
  );
}

/** Plays a socket: reads of at most the given sizes into whatever buffer the intake offers. */
function feed(intake: Intake, bytes: Buffer, reads: readonly number[]): void {
  let at = 0;
  for (let read = 0; at < bytes.length && !intake.starved; read++) {
    const buffer = intake.buffer();
    if (buffer.length === 0) throw new Error('an empty read buffer');
    const size = Math.min(buffer.length, bytes.length - at, reads[read % reads.length] ?? 1);
    bytes.copy(buffer, 0, at, at + size);
    at += size;
    intake.received(size, buffer);
  }
  if (at < bytes.length && !intake.starved) throw new Error('not everything was read');
}

t.test('frames of any length in reads of any size arrive whole and undamaged', (t) => {
  const lengths = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 120_000 })),
    { minLength: 1, maxLength: 25 },
  );
  const reads = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 90_000 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  fc.assert(
    fc.property(lengths, reads, fc.nat(6), (frames, sizes, keep) => {
      const slab = new LandingSlab(16 * mebibyte, mebibyte);
      const keeper = new Keeper(slab, keep);
      const intake = new Intake(slab, keeper, mebibyte);
      feed(intake, wire(frames), sizes);
      while (keeper.kept.length > 0) keeper.letGo();
      intake.close();
      const whole = keeper.lengths.length === frames.length && !intake.hasPartialFrame;
      return whole && keeper.damaged === 0 && slab.usedBytes === 0;
    }),
    { numRuns: 60 },
  );
  t.end();
});

t.test('two connections that share the scratch buffer do not disturb each other', (t) => {
  const slab = new LandingSlab(4 * mebibyte, mebibyte);
  const keepers = [new Keeper(slab, 5), new Keeper(slab, 5)];
  const intakes = keepers.map((keeper) => new Intake(slab, keeper, mebibyte));
  const bytes = wire([10, 500, 9_000, 3, 40_000, 7, 7, 7]);
  // In turn, 100 bytes each: every read of the one lies between two reads of the other.
  for (let at = 0; at < bytes.length; at += 100) {
    for (const intake of intakes) feed(intake, bytes.subarray(at, at + 100), [100]);
  }
  for (const keeper of keepers) {
    while (keeper.kept.length > 0) keeper.letGo();
    t.equal(keeper.lengths.length, 8);
    t.equal(keeper.damaged, 0);
  }
  t.end();
});

t.test('a steady stream of large frames is not moved', (t) => {
  const slab = new LandingSlab(16 * mebibyte, mebibyte);
  const keeper = new Keeper(slab, 3);
  const intake = new Intake(slab, keeper, mebibyte);
  const frames = new Array<number>(100).fill(250_000);
  feed(intake, wire(frames), [64 * 1024]);
  t.equal(keeper.lengths.length, 100);
  t.equal(slab.copies.movedFrame, 0);
  // Only what came before the connection was known to be busy.
  t.ok(slab.copies.scratch <= 64 * 1024, `${slab.copies.scratch} bytes out of the scratch buffer`);
  t.end();
});

t.test('large frames of changing lengths are hardly moved', (t) => {
  const slab = new LandingSlab(16 * mebibyte, mebibyte);
  const keeper = new Keeper(slab, 3);
  const intake = new Intake(slab, keeper, mebibyte);
  const frames = Array.from({ length: 100 }, (_, index) => 90_000 + ((index * 37_777) % 160_000));
  feed(intake, wire(frames), [64 * 1024]);
  while (keeper.kept.length > 0) keeper.letGo();
  t.strictSame(keeper.lengths, frames);
  t.equal(keeper.damaged, 0);
  const sum = frames.reduce((total, length) => total + length, 0);
  t.ok(slab.copies.movedFrame < sum / 100, `${slab.copies.movedFrame} of ${sum} bytes were moved`);
  t.end();
});

t.test('a quiet connection holds no memory', (t) => {
  const slab = new LandingSlab(4 * mebibyte, mebibyte);
  const keeper = new Keeper(slab, 0);
  const intake = new Intake(slab, keeper, mebibyte);
  feed(intake, wire([100, 200]), [1_000]);
  t.equal(slab.usedBytes, 0);
  feed(intake, wire([100_000]), [50_000]);
  t.ok(slab.usedBytes > 0, 'a busy one has a region');
  intake.rest();
  t.equal(slab.usedBytes, 0, 'and gives it back');
  t.end();
});

t.test('without memory it stops and goes on by itself when some comes back', async (t) => {
  const slab = new LandingSlab(mebibyte, mebibyte);
  const keeper = new Keeper(slab, 10);
  const intake = new Intake(slab, keeper, mebibyte);
  const blocker = slab.landExactly(mebibyte);
  t.ok(blocker);
  feed(intake, wire([500_000]).subarray(0, 60_000), [60_000]);
  t.ok(intake.starved);
  t.equal(intake.buffer(), slab.scratch, 'never an empty buffer');
  blocker?.release();
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(intake.starved);
  t.equal(keeper.resumed, 1);
  feed(intake, wire([500_000]).subarray(60_000), [70_000]);
  t.strictSame(keeper.lengths, [500_000]);
  keeper.letGo();
  t.equal(keeper.damaged, 0);
});

t.test('many small frames pass through little memory, a part at a time', async (t) => {
  const slab = new LandingSlab(64 * 1024, 64 * 1024);
  const keeper = new Keeper(slab, Number.POSITIVE_INFINITY);
  keeper.releasing = true;
  const intake = new Intake(slab, keeper, 1024);
  const lengths = new Array<number>(1_000).fill(20);
  feed(intake, wire(lengths), [64 * 1024]);
  t.ok(intake.starved, 'there are more frames than pages');
  keeper.intakeResumed();
  while (intake.starved) await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(keeper.lengths, lengths);
  t.equal(keeper.damaged, 0);
  t.equal(slab.usedBytes, 0);
});

t.test('a bad length behind frames that had to wait is told', async (t) => {
  const slab = new LandingSlab(64 * 1024, 64 * 1024);
  const keeper = new Keeper(slab, Number.POSITIVE_INFINITY);
  const intake = new Intake(slab, keeper, 1024);
  const frames = wire(new Array<number>(100).fill(20));
  frames.writeInt32BE(-1, 99 * 24);
  feed(intake, frames, [64 * 1024]);
  t.ok(intake.starved);
  keeper.releasing = true;
  keeper.intakeResumed();
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(keeper.failures, ['a frame of -1 bytes was announced']);
});

t.test('refuses lengths that can never be', (t) => {
  for (const length of [0, -1, 2 * mebibyte]) {
    const slab = new LandingSlab(16 * mebibyte, mebibyte);
    const intake = new Intake(slab, new Keeper(slab, 0), mebibyte);
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(length);
    t.throws(() => feed(intake, prefix, [4]), FrameError, `${length}`);
  }
  t.end();
});
