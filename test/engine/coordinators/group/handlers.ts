import { pino } from 'pino';
import type { InFlight } from '../../../../engine/api/api.js';
import { apis } from '../../../../engine/api/served.js';
import type { Services } from '../../../../engine/api/services.js';
import { kafkaOffsetsLayout } from '../../../../engine/catalog/offsets-layout.js';
import { Reader } from '../../../../engine/protocol/kafka/reader.js';
import { Writer } from '../../../../engine/protocol/kafka/writer.js';
import type { Fixture } from './coordinator-fixture.js';
import { SETTINGS } from './machine.js';
import type { Asked } from './scenario.js';

/** The one topic there is; it may be another one later. */
export interface TheTopic {
  current: Asked['topic'];
}

/** What handlers of group APIs use of the broker. */
function servicesOf(fixture: Fixture, topic: TheTopic): Services {
  const found = () => ({ ...topic.current, partitions: [0, 1, 2] });
  const services = {
    settings: SETTINGS,
    log: pino({ level: 'silent' }),
    now: () => fixture.nowMs,
    catalog: {
      nodeId: 1,
      offsetsLayout: kafkaOffsetsLayout,
      topic: (name: string) => (name === topic.current.name ? found() : undefined),
      topicById: (id: string) => (id === topic.current.id ? found() : undefined),
    },
    groups: fixture.coordinator,
    advertised: new Map([['PLAINTEXT', { name: 'PLAINTEXT', host: 'localhost', port: 9092 }]]),
  };
  return services as unknown as Services;
}

/** The handlers themselves, over their own encoding. */
export function handlers(fixture: Fixture, topic: TheTopic): Asked['ask'] {
  const services = servicesOf(fixture, topic);
  return (connectionId, exchange, request, version) =>
    new Promise((resolve, reject) => {
      const writer = new Writer();
      exchange.encode(writer, request, version);
      const frame = writer.finishWhole();
      const inFlight: InFlight = {
        apiVersion: version,
        clientId: 'raw-client',
        clientHost: '/127.0.0.1',
        listener: 'PLAINTEXT',
        connectionId,
        closed: new AbortController().signal,
        reader: new Reader(frame),
        reply: (encode) => {
          const body = new Writer();
          encode(body);
          resolve(exchange.decode(new Reader(body.finishWhole()), version));
        },
        // Whoever keeps a view of it will see.
        releaseFrame: () => frame.fill(0xff),
        fail: reject,
        replyNothing: () => reject(new Error('no reply')),
        disconnect: (reason) => reject(new Error(reason)),
      };
      apis.get(exchange.apiKey)!.handle(inFlight, services);
    });
}
