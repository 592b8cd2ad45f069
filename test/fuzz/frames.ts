/** Any bytes in reads of any size: the intake hands on whole frames, or refuses, and gives all memory back. */

import { FrameError, type FrameSink, Intake } from '../../engine/listen/intake.js';
import { type Landing, LandingSlab } from '../../engine/listen/landing-slab.js';
import fc from '../fast-check.js';
import { framed } from '../hostile/frames.js';
import { pureFuzzer } from './fuzzer.js';
import { type Mutations, mutated, mutations } from './mutations.js';

interface Case {
  readonly frames: readonly number[];
  readonly damage: Mutations;
  readonly reads: readonly number[];
}

const mebibyte = 2 ** 20;
const maxFrameBytes = 200_000;

const cases: fc.Arbitrary<Case> = fc.record({
  frames: fc.array(
    fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
    {
      maxLength: 6,
    },
  ),
  damage: mutations(2),
  reads: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 90_000 })), {
    minLength: 1,
    maxLength: 9,
  }),
});

/** Frames as they should come out: read from the bytes one after the other. */
function expected(wire: Buffer): { frames: Buffer[]; refused: boolean } {
  const frames: Buffer[] = [];
  let at = 0;
  while (at + 4 <= wire.length) {
    const length = wire.readInt32BE(at);
    if (length <= 0 || length > maxFrameBytes) return { frames, refused: true };
    if (at + 4 + length > wire.length) break;
    frames.push(wire.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { frames, refused: false };
}

class Copies implements FrameSink {
  readonly frames: Buffer[] = [];
  readonly #slab: LandingSlab;

  constructor(slab: LandingSlab) {
    this.#slab = slab;
  }

  frame(landing: Landing, start: number, end: number): void {
    this.frames.push(Buffer.from(this.#slab.view.subarray(start, end)));
    landing.release();
  }

  intakeResumed(): void {}

  intakeFailed(error: FrameError): void {
    throw error;
  }
}

/** Feeds the bytes as a socket would; true if they were refused. */
function isRefused(intake: Intake, wire: Buffer, reads: readonly number[]): boolean {
  try {
    for (let at = 0, read = 0; at < wire.length; read++) {
      const buffer = intake.buffer();
      const size = Math.min(buffer.length, wire.length - at, reads[read % reads.length] ?? 1);
      if (size === 0) throw new Error('an empty read buffer');
      wire.copy(buffer, 0, at, at + size);
      at += size;
      intake.received(size, buffer);
    }
    return false;
  } catch (error) {
    if (error instanceof FrameError) return true;
    throw error;
  }
}

export const frameFuzzer = pureFuzzer('frames', 1_500, cases, ({ frames, damage, reads }) => {
  const whole = frames.map((length, at) => framed(Buffer.alloc(length, at + 1)));
  const wire = mutated(Buffer.concat(whole), damage);
  const slab = new LandingSlab(2 * mebibyte, mebibyte);
  const copies = new Copies(slab);
  const intake = new Intake(slab, copies, maxFrameBytes);
  const refused = isRefused(intake, wire, reads);
  intake.close();
  const wanted = expected(wire);
  if (refused !== wanted.refused) throw new Error(`refused: ${refused}`);
  if (copies.frames.length !== wanted.frames.length) {
    throw new Error(`${copies.frames.length} frames where ${wanted.frames.length} came`);
  }
  if (!copies.frames.every((frame, at) => frame.equals(wanted.frames[at] as Buffer))) {
    throw new Error('a frame was damaged');
  }
  if (slab.usedBytes > 0) throw new Error(`${slab.usedBytes} bytes were kept`);
});
