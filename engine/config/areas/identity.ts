import { choice, integer, text } from '../kinds.js';
import { listenerList, optionalAddress } from '../listener.js';
import { setting } from '../setting.js';

/** Who this broker is and where clients reach it. */
export const identity = {
  kafkaListeners: setting({
    kind: listenerList,
    default: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }],
    origin: 'KoP',
    kafkaName: 'listeners',
    summary: 'Addresses to listen on, each with a name of its own; IPv6 in brackets.',
  }),
  kafkaAdvertisedListeners: setting({
    kind: listenerList,
    default: [],
    defaultText: 'as kafkaListeners',
    origin: 'KoP',
    kafkaName: 'advertised.listeners',
    summary: 'Where clients are told to connect, by listener name.',
  }),
  httpListener: setting({
    kind: optionalAddress,
    default: null,
    defaultText: 'off',
    origin: 'Kopje',
    summary:
      'Address of the HTTP server with `/health`, `/ready` and `/metrics` (Prometheus); it asks nobody who they are.',
  }),
  brokerId: setting({
    kind: integer(0),
    default: 1,
    origin: 'Kafka',
    kafkaName: 'broker.id',
    summary: 'Node id that clients see.',
  }),
  clusterId: setting({
    kind: text('up to 64 letters, digits, - and _', /^[\w-]{0,64}$/),
    default: '',
    defaultText: 'made up once, kept in the data directory',
    origin: 'Kopje',
    summary: 'Cluster id that clients see.',
  }),
  brokerRack: setting({
    kind: text('a text', /^.{0,255}$/),
    default: '',
    defaultText: 'none',
    origin: 'Kafka',
    kafkaName: 'broker.rack',
    summary: 'Rack of this broker, shown in metadata.',
  }),
  logLevel: setting({
    kind: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    default: 'info',
    origin: 'Kopje',
    summary: 'Least severity of the log lines on standard error.',
  }),
};
