import type { Channel, Completable, Completion } from '../../workers/ring/channel.js';
import { SubmitFlag } from '../../workers/ring/slots.js';
import type { CopyCounters } from '../listen/landing-slab.js';
import { PartitionError } from './partition-error.js';
import type { PartitionRef } from './partition-port.js';

/** Wait before a read is tried again that found the worker's reply memory spent. */
const starvedRetryMs = 5;

/** Reads for our own coordinators: copied out of the reply slab, which is given back at once. */
export class PartitionReads {
  readonly #channelOf: (ref: PartitionRef) => Channel;
  readonly #copies: CopyCounters;

  constructor(channelOf: (ref: PartitionRef) => Channel, copies: CopyCounters) {
    this.#channelOf = channelOf;
    this.#copies = copies;
  }

  /** Whole batches from `offset` on below the high watermark. Rejects with PartitionError. */
  read(
    ref: PartitionRef,
    generation: number,
    offset: number,
    maxBytes: number,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const owner: Completable = {
        completed: (_index: number, completion: Completion, channel: Channel) => {
          if (completion.errorCode !== 0) {
            reject(
              new PartitionError(completion.errorCode, `read of ${ref.topic}-${ref.partition}`),
            );
          } else if (completion.starved) {
            setTimeout(submit, starvedRetryMs);
          } else if (completion.start === -1) {
            resolve(new Uint8Array(0));
          } else {
            const { start, sizeBytes } = completion;
            this.#copies.coordinator += sizeBytes;
            resolve(channel.replies.slice(start, start + sizeBytes));
            channel.release(start);
          }
        },
      };
      const submit = (): void => {
        if (!ref.online) {
          reject(
            new PartitionError(
              ref.offlineErrorCode,
              `${ref.topic}-${ref.partition} is not in service`,
            ),
          );
          return;
        }
        const flags = SubmitFlag.atLeastOneBatch;
        this.#channelOf(ref).read(ref.slot, generation, offset, maxBytes, flags, owner, 0);
      };
      submit();
    });
  }
}
