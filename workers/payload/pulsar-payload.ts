/**
 * `kopje/pulsar-payload`: what Kafka's clients wrote, inside an application of Pulsar's. Pulsar's own clients cannot
 * read entries in Kafka's format (docs/pulsar-consumers.md): this reads every format, decodes what such a client does
 * deliver whole, and refuses a subscription that would lose records.
 */
export type { PulsarAuthentication } from '../ring/control.js';
export { decodeMessage, type PulsarMessage } from './client-message.js';
export type { Cluster } from './cluster.js';
export {
  KafkaReader,
  type KafkaReaderOptions,
  openKafkaReader,
  type SkippedEntry,
} from './kafka-reader.js';
export type { KafkaRecord } from './kafka-record.js';
export { assertReadable, guarded, type PulsarClientPort, type Subscribed } from './topic-guard.js';
export { UnreadablePayload } from './unreadable-payload.js';
