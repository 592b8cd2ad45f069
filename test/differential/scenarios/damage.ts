import { produceExchange } from '../../exchanges.js';
import { buildBatch, seal } from '../../workers/batch/build-batch.js';
import type { Peer } from '../peer.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, produceOf } from '../topic.js';

const batch = Buffer.from(
  buildBatch({
    records: [
      { key: 'a', value: 'b' },
      { key: null, value: 'ccc' },
    ],
  }),
);
/** What a byte is made to be, from what it was. */
const damages: { readonly [name: string]: (byte: number) => number } = {
  zero: () => 0,
  one: () => 1,
  full: () => 0xff,
  flipped: (byte) => byte ^ 0x80,
  less: (byte) => (byte - 1) & 0xff,
  more: (byte) => (byte + 1) & 0xff,
};

async function damageEach(peer: Peer, from: number, to: number): Promise<void> {
  const topic = await makeTopic(peer, `damage-${from}`);
  for (const [name, damage] of Object.entries(damages)) {
    for (let at = from; at < to; at++) {
      const bytes = Buffer.from(batch);
      bytes[at] = damage(bytes[at]!);
      if (bytes.equals(batch)) continue;
      seal(bytes);
      const request = produceOf(topic, [{ records: bytes }]);
      const answer = await peer.probe(produceExchange, request, peer.latest(produceExchange));
      const { errorCode, recordErrors } = answer.responses[0]?.partitionResponses[0] ?? {};
      const records = recordErrors?.map((error) => error.batchIndex);
      peer.note(`byte ${at} ${name}`, { errorCode, records });
    }
  }
}

const headerBytes = 61;

export const damageScenarios: readonly Scenario[] = [
  {
    name: 'produce/damaged headers',
    run: (peer) => damageEach(peer, 0, headerBytes),
  },
  {
    name: 'produce/damaged records',
    run: (peer) => damageEach(peer, headerBytes, batch.length),
  },
];
