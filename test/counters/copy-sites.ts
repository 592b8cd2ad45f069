/**
 * Every place of ours where bytes of records may be copied on their way in or out, by what `copy-hook.ts` calls it, and
 * why. A test holds brokers against it in which all that copies is wrapped: payload that is copied anywhere else fails
 * it. Who adds a line says why the copy cannot be spared.
 */

/** The broker's own counter (`site` of `kopje_payload_copied_bytes_total`) that a copy belongs to. */
export interface CopySite {
  readonly counter: string;
  readonly why: string;
}

const scratch = 'engine/listen/intake #append: copy';
const moved = 'engine/listen/intake #move: copy';
const parked = 'engine/listen/intake #park: from';

export const copySites: Readonly<Record<string, CopySite>> = {
  [scratch]: {
    counter: 'scratch',
    why: 'a quiet connection reads into memory that all of them share; its next reads land where they stay',
  },
  [moved]: {
    counter: 'moved_frame',
    why: 'the rest of a request does not fit behind its beginning',
  },
  [parked]: {
    counter: 'parked',
    why: 'a request was read while no memory to land in was left',
  },
  'engine/reply/file-reply #pace: readSync': {
    counter: 'paced',
    why: 'a client takes less than sendfile gives; an ordinary write behind it tells when to go on',
  },
  'workers/log/embedded/reader #fill: readSync': {
    counter: 'fetch_read',
    why: 'too little for a call of sendfile of its own, or no sendfile',
  },
  'workers/format/message-writer write: set': {
    counter: 'encode',
    why: 'the pulsar format: each record becomes a message, and an entry is one piece with a CRC',
  },
  'workers/log/embedded/batch-scan #hold: readSync': {
    counter: 'decode',
    why: 'the pulsar format: an entry is read before a batch is made of it; also headers, to find where to begin',
  },
  'workers/format/batch-writer sized: set': {
    counter: 'fetch_read',
    why: 'the pulsar format: each message becomes a record of a batch',
  },
};
