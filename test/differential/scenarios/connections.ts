import { apiVersionsExchange, metadataExchange, produceExchange } from '../../exchanges.js';
import { frameOf } from '../../raw-client.js';
import type { Scenario } from '../scenario.js';
import { makeTopic, produceOf } from '../topic.js';

/** A request that any broker answers with its correlation id. */
const hello = (correlationId: number) => frameOf(apiVersionsExchange, {}, 0, correlationId);

/** A whole frame of an API and version, with nothing but a null client id. */
function bare(apiKey: number, version: number, correlationId: number): Buffer {
  const frame = Buffer.from('0000000a000000000000000effff', 'hex');
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt16BE(version, 6);
  frame.writeInt32BE(correlationId, 8);
  return frame;
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes);
  return length;
}

const unknownKey = 999;

const pieces: { readonly [name: string]: readonly Uint8Array[] } = {
  'byte by byte': [...hello(1)].map((byte) => Buffer.of(byte)).slice(-3),
  'a request in two pieces': [hello(1).subarray(0, 9), hello(1).subarray(9)],
  'a negative length': [lengthOf(-1), Buffer.of(1)],
  'a length beyond the limit': [lengthOf(0x7fff_ffff), Buffer.of(1)],
  'a length beyond the limit, byte by byte': [Buffer.of(0x7f), Buffer.of(0xff, 0xff, 0xff)],
  'a length of nothing': [lengthOf(0), hello(1)],
  'a header cut short': [lengthOf(4), Buffer.alloc(3), Buffer.of(0)],
  'an unknown key': [
    bare(unknownKey, 0, 1).subarray(0, 8),
    bare(unknownKey, 0, 1).subarray(8, 13),
    Buffer.of(0xff),
  ],
  'an unknown version': [bare(3, 99, 1).subarray(0, 13), Buffer.of(0xff)],
  'a key among brokers': [bare(4, 0, 1)],
  'good, then bad': [Buffer.concat([hello(1), lengthOf(-1)])],
  'good, bad, good': [Buffer.concat([hello(1), bare(unknownKey, 0, 2), hello(3)])],
  'three good ones': [Buffer.concat([hello(1), hello(2)]), hello(3)],
  'good, and a length only': [Buffer.concat([hello(1), lengthOf(100)]), Buffer.alloc(1)],
  text: [Buffer.from('GET '), Buffer.from('/ HTTP/1.1\r\n\r\n')],
  'a TLS greeting': [Buffer.from('16030100', 'hex'), Buffer.from('c8010000c40303', 'hex')],
};

export const connectionScenarios: readonly Scenario[] = [
  {
    name: 'connections/pieces',
    // Silence is told by the clock, so nothing else is to keep a broker busy.
    comesLast: true,
    async run(peer) {
      // Each waits on a connection of its own.
      const tried = Object.entries(pieces).map(([name, each]) => peer.trickle(name, each));
      await Promise.all(tried);
      peer.steps.sort((left, right) => (left.name < right.name ? -1 : 1));
    },
  },
  {
    name: 'connections/after an unacknowledged error',
    async run(peer) {
      const topic = await makeTopic(peer, 'unacknowledged');
      const broken = produceOf(topic, [{ records: Buffer.alloc(5) }], 0);
      const missing = produceOf(topic, [{ index: 7, records: Buffer.alloc(0) }], 0);
      for (const version of [3, peer.latest(produceExchange)]) {
        const frame = (request: typeof broken) => frameOf(produceExchange, request, version, 2);
        const metadata = frameOf(metadataExchange, { topics: [] }, 1, 3);
        const all = (request: typeof broken) => [
          Buffer.concat([hello(1), frame(request), metadata]),
        ];
        await peer.trickle(`no batch, v${version}`, all(broken));
        await peer.trickle(`unknown partition, v${version}`, all(missing));
      }
    },
  },
];
