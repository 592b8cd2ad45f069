import type { Logger } from 'pino';
import type { Api, InFlight } from '../../../engine/api/api.js';
import { apis } from '../../../engine/api/served.js';
import type { Services } from '../../../engine/api/services.js';
import type { Catalog } from '../../../engine/catalog/catalog.js';
import { defaultSettings, type Settings } from '../../../engine/config/schema.js';
import type { Encodable } from '../../../engine/protocol/kafka/encodable.js';
import { Reader } from '../../../engine/protocol/kafka/reader.js';
import { Writer } from '../../../engine/protocol/kafka/writer.js';
import { openCatalog, silent, temporaryDirectory } from '../catalog/open-catalog.js';
import type { FakePartitionPort } from '../fake-partition-port.js';

export interface Bench {
  readonly path: string;
  readonly catalog: Catalog;
  readonly port: FakePartitionPort;
  readonly services: Services;
}

/** A catalog with fake partitions and the services that the handlers of this folder use. */
export async function openBench(
  t: { teardown(end: () => Promise<void>): unknown },
  settings: Partial<Settings> = {},
): Promise<Bench> {
  const path = await temporaryDirectory(t);
  const { catalog, port, close } = await openCatalog(path);
  t.teardown(close);
  const services = {
    settings: { ...defaultSettings(), ...settings },
    log: silent,
    now: Date.now,
    catalog,
    partitions: port,
    producerIds: catalog.producerIds,
    apis,
    advertised: new Map([['PLAINTEXT', { name: 'PLAINTEXT', host: 'kopje.test', port: 9092 }]]),
  } as unknown as Services;
  return { path, catalog, port, services };
}

/** A way to ask one API over its codecs, as a client would. */
export function dial<Request, Response>(
  api: Api,
  encode: (writer: Writer, request: Encodable<Request>, version: number) => void,
  decode: (reader: Reader, version: number) => Response,
  { services }: Bench,
): (version: number, request: Encodable<Request>, responseVersion?: number) => Promise<Response> {
  return (version, request, responseVersion = version) => {
    const writer = new Writer();
    encode(writer, request, version);
    return new Promise((resolve, reject) => {
      const inFlight: InFlight = {
        reader: new Reader(writer.finishWhole()),
        apiVersion: version,
        clientId: 'test',
        clientHost: '/127.0.0.1',
        listener: 'PLAINTEXT',
        connectionId: 1,
        closed: new AbortController().signal,
        reply(write) {
          const answer = new Writer();
          write(answer);
          const reader = new Reader(answer.finishWhole());
          const response = decode(reader, responseVersion);
          if (reader.remaining > 0) reject(new Error(`${reader.remaining} bytes left over`));
          resolve(response);
        },
        releaseFrame: () => undefined,
        replyNothing: () => reject(new Error('no reply')),
        disconnect: (reason) => reject(new Error(reason)),
        fail: (error: unknown, _log: Logger) => reject(error as Error),
      };
      api.handle(inFlight, services);
    });
  };
}
