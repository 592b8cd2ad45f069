/** Whatever a client sends, as long as it decodes, is answered: no handler throws or never ends. */

import t from 'tap';
import type { Api } from '../../../engine/api/api.js';
import { apis } from '../../../engine/api/served.js';
import fc from '../../fast-check.js';
import { SCHEMAS } from '../../golden/codec/message-schemas.js';
import { messageArbitrary } from '../protocol/kafka/arbitraries.js';
import { loadCodec, type Message } from '../protocol/kafka/codecs.js';
import { type Bench, dial, openBench } from './dial.js';

const seed = 11;
const runsPerVersion = 12;
/** The handlers of the catalog; those of groups and records have tests of their own. */
const keys = [2, 3, 18, 19, 20, 21, 22, 23, 32, 33, 35, 37, 44, 60, 61, 74, 75];
const names = [
  'a',
  'b.c',
  'b_c',
  'compacted',
  '__consumer_offsets',
  'bad name',
  '',
  'x'.repeat(32_767),
];

/** Leads random requests to what exists now and then, so that they get past the first check. */
function steer(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => steer(item, field));
  if (typeof value === 'string' && !/id$/i.test(field)) return names[value.length] ?? value;
  if (typeof value === 'number') {
    if (/index/i.test(field) || field === 'partition') return (value % 3) - 1 || 0;
    if (/count|numPartitions|resourceType|configOperation/.test(field)) return Math.abs(value % 6);
    return value;
  }
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, steer(inner, key)]));
}

async function fill({ catalog, port }: Bench): Promise<void> {
  for (const name of ['a', 'b.c', 'compacted']) await catalog.ensureTopic(name);
  await catalog.setOverrides('compacted', () => new Map([['cleanup.policy', 'compact']]), false);
  port.publish('a-0', { highWatermark: 10 });
}

async function answersAll(api: Api, bench: Bench): Promise<number> {
  const schema = (kind: string) => SCHEMAS.find(({ name }) => name === `${api.name}${kind}`)!;
  const request = await loadCodec(schema('Request'));
  const response = await loadCodec(schema('Response'));
  const ask = dial<Message, Message>(api, request.encode, response.decode, bench);
  let answered = 0;
  for (let version = api.minVersion; version <= api.maxVersion; version++) {
    const messages = messageArbitrary(schema('Request'), version);
    for (const message of fc.sample(messages, { numRuns: runsPerVersion, seed: seed + version })) {
      await ask(version, steer(message) as Message);
      answered++;
    }
  }
  return answered;
}

t.test('every request that decodes is answered', async (t) => {
  for (const key of keys) {
    const api = apis.get(key)!;
    const bench = await openBench(t, { maxPartitions: 200 });
    await fill(bench);
    const versions = api.maxVersion - api.minVersion + 1;
    t.equal(await answersAll(api, bench), versions * runsPerVersion, api.name);
    t.ok(bench.catalog.isWhole);
  }
});
