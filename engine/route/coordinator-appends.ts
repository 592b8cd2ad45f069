import type { Channel, Completable, Completion } from '../../workers/ring/channel.js';
import type { Landing, LandingSlab, LandingWaiter } from '../listen/landing-slab.js';
import type { AppendOutcome, PartitionRef } from './partition-port.js';

const acksAll = -1;

/** One batch of a coordinator on its way through the landing slab's reserve. */
class CoordinatorAppend implements Completable, LandingWaiter {
  readonly #slab: LandingSlab;
  readonly #submit: (append: CoordinatorAppend, landing: Landing) => void;
  readonly #settle: (outcome: AppendOutcome) => void;
  readonly batch: Uint8Array;
  #landing: Landing | null = null;

  constructor(
    slab: LandingSlab,
    batch: Uint8Array,
    submit: (append: CoordinatorAppend, landing: Landing) => void,
    settle: (outcome: AppendOutcome) => void,
  ) {
    this.#slab = slab;
    this.batch = batch;
    this.#submit = submit;
    this.#settle = settle;
  }

  resumeLanding(): boolean {
    const landing = this.#slab.landExactly(this.batch.length);
    if (landing === null) return false;
    this.#landing = landing;
    this.#slab.view.set(this.batch, landing.start);
    this.#slab.copies.coordinator += this.batch.length;
    this.#submit(this, landing);
    return true;
  }

  completed(_index: number, completion: Completion, channel: Channel): void {
    this.#landing?.release();
    if (completion.start !== -1) channel.release(completion.start);
    this.#settle({ errorCode: completion.errorCode, baseOffset: completion.baseOffset });
  }
}

/** Appends of our own coordinators: copied into the slab (they are small), acknowledged like acks=all. */
export class CoordinatorAppends {
  readonly #slab: LandingSlab;
  readonly #channelOf: (ref: PartitionRef) => Channel;

  constructor(slab: LandingSlab, channelOf: (ref: PartitionRef) => Channel) {
    this.#slab = slab;
    this.#channelOf = channelOf;
  }

  append(ref: PartitionRef, generation: number, batch: Uint8Array): Promise<AppendOutcome> {
    return new Promise((resolve) => {
      const submit = (append: CoordinatorAppend, landing: Landing): void => {
        const size = append.batch.length;
        const channel = this.#channelOf(ref);
        channel.append(ref.slot, generation, landing.start, size, acksAll, true, append, 0);
      };
      const append = new CoordinatorAppend(this.#slab, batch, submit, resolve);
      if (!append.resumeLanding()) this.#slab.wait(append);
    });
  }
}
