/**
 * Valid requests of every API and version with any damage, through the real broker: each is answered or closes its
 * connection, none is a defect of ours, and nothing that it held stays behind.
 */

import type { Api } from '../../engine/api/api.js';
import { apis } from '../../engine/api/served.js';
import { messageArbitrary } from '../engine/protocol/kafka/arbitraries.js';
import { encodeWhole, loadCodec, type Message } from '../engine/protocol/kafka/codecs.js';
import fc from '../fast-check.js';
import { SCHEMAS } from '../golden/codec/message-schemas.js';
import { headed } from '../hostile/frames.js';
import { Neighbour } from '../hostile/neighbour.js';
import { answersUntilClosed, type Holdings, WatchedBroker } from '../hostile/watched-broker.js';
import { createTopic } from '../whole/records.js';
import { buildBatch } from '../workers/batch/build-batch.js';
import { checkCases, type Fuzzer } from './fuzzer.js';
import { type Mutations, mutated, mutations } from './mutations.js';

interface Case {
  readonly api: string;
  readonly version: number;
  readonly body: Uint8Array;
  readonly damage: Mutations;
  /** Of the whole frame, its length and header among it. */
  readonly frameDamage: Mutations;
}

const names = ['a', 'b', 'compacted', '__consumer_offsets', 'bad name', ''];
const groups = ['g', 'h', ''];
/** No answer takes longer, save one that waits for its client: that one is closed at the client's end. */
const answerTimeoutMs = 20_000;
const headerBytes = 14;

/** Leads a random request to what exists, so that it gets past the first check. */
function steered(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => steered(item, field));
  if (value instanceof Uint8Array) return /records/i.test(field) ? buildBatch() : value;
  if (typeof value === 'string') {
    if (/group(Id|sNames|s)?$|^key$/i.test(field)) return groups[value.length % groups.length];
    return /id$/i.test(field) ? value : (names[value.length % names.length] ?? value);
  }
  if (typeof value === 'number') {
    if (/index|^partition$/i.test(field)) return Math.abs(value % 3);
    if (/count|numPartitions|resourceType|configOperation|acks/i.test(field)) return value % 6;
    return /timeout|waitMs/i.test(field) ? Math.abs(value % 50) : value;
  }
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, steered(inner, key)]),
  );
}

async function requestsOf(api: Api): Promise<fc.Arbitrary<Case>[]> {
  const schema = SCHEMAS.find(({ name }) => name === `${api.name}Request`);
  if (schema === undefined) throw new Error(`no schema of ${api.name}`);
  const codec = await loadCodec(schema);
  const versions = Array.from({ length: api.maxVersion - api.minVersion + 1 });
  return versions.map((_, index) => {
    const version = api.minVersion + index;
    const body = messageArbitrary(schema, version).map((message) =>
      encodeWhole(codec, steered(message) as Message, version),
    );
    return fc.record({
      api: fc.constant(api.name),
      version: fc.constant(version),
      body,
      damage: mutations(3),
      frameDamage: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, mutations(1)),
    });
  });
}

function frameOf(api: Api, { version, body, damage, frameDamage }: Case): Buffer {
  const flexible = version >= api.flexibleFrom;
  const frame = headed(api.key, version, flexible, body);
  const damaged = mutated(frame, damage, Math.min(frame.length, headerBytes));
  damaged.writeInt32BE(damaged.length - 4);
  return mutated(damaged, frameDamage);
}

/** Sends a frame and leaves; rejects if the broker keeps the connection. */
async function sayAndLeave(broker: WatchedBroker, frame: Buffer): Promise<void> {
  const peer = broker.peer();
  peer.end(frame);
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('neither answered nor closed')), answerTimeoutMs);
  });
  await Promise.race([answersUntilClosed(peer), hangs]).finally(() => {
    clearTimeout(timer);
    peer.destroy();
  });
}

class RequestRun {
  readonly #broker: WatchedBroker;
  readonly #neighbour: Neighbour;
  readonly #before: Holdings;
  readonly #cases: fc.Arbitrary<Case>;
  readonly #ends: readonly (() => unknown)[];
  readonly #byName = new Map([...apis.values()].map((api) => [api.name, api]));

  constructor(
    broker: WatchedBroker,
    neighbour: Neighbour,
    before: Holdings,
    cases: fc.Arbitrary<Case>,
    ends: readonly (() => unknown)[],
  ) {
    this.#ends = ends;
    this.#broker = broker;
    this.#neighbour = neighbour;
    this.#before = before;
    this.#cases = cases;
  }

  check(seed: number, numRuns: number): Promise<string | null> {
    return checkCases(this.#cases, (one) => this.#holds(one), seed, numRuns);
  }

  async #holds(one: Case): Promise<void> {
    const known = this.#broker.errors.length;
    await sayAndLeave(this.#broker, frameOf(this.#byName.get(one.api) as Api, one));
    const fresh = this.#broker.errors.slice(known);
    if (fresh.length > 0) throw new Error(JSON.stringify(fresh));
  }

  async close(): Promise<string | null> {
    try {
      return await this.#whatIsLeft();
    } finally {
      for (const end of this.#ends) await end();
    }
  }

  async #whatIsLeft(): Promise<string | null> {
    await this.#neighbour.stop();
    // Groups that were joined stay until their sessions end.
    const { kopje_groups: _, ...excess } = await this.#broker.excess({
      ...this.#before,
      kopje_groups: Number.POSITIVE_INFINITY,
      // A file for each topic that a request has created.
      fds: Number.POSITIVE_INFINITY,
    });
    return Object.keys(excess).length === 0 ? null : `still held: ${JSON.stringify(excess)}`;
  }
}

export const requestFuzzer: Fuzzer = {
  name: 'requests',
  cases: 2_500,
  async start() {
    const ends: (() => unknown)[] = [];
    const t = { teardown: (end: () => unknown) => ends.push(end) };
    const broker = await WatchedBroker.start(t, {
      maxPartitions: 200,
      offsetsTopicNumPartitions: 4,
    });
    const client = await broker.connect(t);
    for (const name of ['a', 'b', 'compacted']) await createTopic(client, name, 3);
    client.close();
    // Its topic has a name that no request is led to.
    const neighbour = await Neighbour.start(t, broker);
    const requests = await Promise.all([...apis.values()].map(requestsOf));
    const before = await broker.holdings();
    return new RequestRun(broker, neighbour, before, fc.oneof(...requests.flat()), ends);
  },
};
