import type { Reader } from '../../../engine/protocol/kafka/reader.js';
import { apiVersionsExchange, metadataExchange } from '../../exchanges.js';
import { frameOf } from '../../raw-client.js';
import type { Scenario } from '../scenario.js';

const client = { clientSoftwareName: 'kopje-test', clientSoftwareVersion: '1.0' };

/** A frame with a header of version 0 or 1 and any body. */
function frame(apiKey: number, apiVersion: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(14);
  head.writeInt32BE(10 + body.length, 0);
  head.writeInt16BE(apiKey, 4);
  head.writeInt16BE(apiVersion, 6);
  head.writeInt32BE(9, 8);
  head.writeInt16BE(-1, 12);
  return Buffer.concat([head, body]);
}

export const apiVersionsScenarios: readonly Scenario[] = [
  {
    name: 'api-versions/advertised',
    async run(peer) {
      for (const [key, [least, greatest]] of await peer.advertised()) {
        peer.note(`API ${key}`, `${least}-${greatest}`);
      }
    },
  },
  {
    name: 'api-versions/names of clients',
    async run(peer) {
      for (const version of peer.versions(apiVersionsExchange)) {
        for (const [name, request] of [
          ['usual', client],
          ['no name', {}],
          ['spaces', { ...client, clientSoftwareName: 'a b' }],
          ['dash first', { ...client, clientSoftwareVersion: '-1' }],
          ['dots and dashes', { clientSoftwareName: 'a.b-c', clientSoftwareVersion: '1-2.3' }],
        ] as const) {
          const answer = await peer.probe(apiVersionsExchange, request, version);
          peer.note(`${name} v${version}`, {
            errorCode: answer.errorCode,
            throttleTimeMs: answer.throttleTimeMs,
            some: answer.apiKeys.length > 0,
          });
        }
      }
    },
  },
  {
    name: 'api-versions/unknown versions',
    async run(peer) {
      for (const version of [5, 6, 99, -1, 32767]) {
        const step = peer.another();
        // Whatever the version, the answer is of version 0 (KIP-511).
        const decode = (reader: Reader) => apiVersionsExchange.decode(reader, 0);
        const exchange = { ...apiVersionsExchange, decode };
        const { errorCode, apiKeys } = await step.probe(exchange, client, version);
        const own = apiKeys.filter(({ apiKey }) => apiKey === apiVersionsExchange.apiKey);
        peer.note(`version ${version}`, { errorCode, own });
        step.close();
      }
    },
  },
  {
    name: 'api-versions/what is no request',
    async run(peer) {
      const metadata = frameOf(metadataExchange, { topics: [] }, 1, 3);
      const size = (bytes: number) => {
        const head = Buffer.alloc(4 + Math.max(0, Math.min(bytes, 64)));
        head.writeInt32BE(bytes, 0);
        return head;
      };
      await peer.raw('unknown key', frame(999, 0, Buffer.alloc(4)));
      await peer.raw('negative key', frame(-1, 0, Buffer.alloc(4)));
      await peer.raw('unknown metadata version', frame(3, 99, Buffer.alloc(4)));
      await peer.raw('negative metadata version', frame(3, -1, Buffer.alloc(4)));
      await peer.raw('produce v2', frame(0, 2, Buffer.alloc(4)));
      await peer.raw('fetch v3', frame(1, 3, Buffer.alloc(4)));
      await peer.raw('inter-broker key', frame(4, 0, Buffer.alloc(4)));
      await peer.raw('body cut short', frame(3, 1, Buffer.of(0, 0)));
      await peer.raw('array longer than the frame', frame(3, 1, Buffer.of(0x7f, 0xff, 0xff, 0xff)));
      await peer.raw('bytes behind the body', frame(74, 0, Buffer.of(0, 0, 1, 2, 3)));
      await peer.raw('length 0', size(0));
      await peer.raw('length 4', size(4));
      await peer.raw('negative length', size(-1));
      await peer.raw('length of 2 GB', size(2147483647));
      await peer.raw('http', Buffer.from('GET / HTTP/1.1\r\nHost: kafka\r\n\r\n'));
      await peer.raw('client id longer than the frame', Buffer.from(metadata.with(12, 0x7f)));
    },
  },
];
