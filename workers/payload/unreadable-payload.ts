/** Records would be lost by going on. */
export class UnreadablePayload extends Error {
  override readonly name = 'UnreadablePayload';
}

/** What to do about entries in Kafka's format. */
export const instead =
  'Read the topic with openKafkaReader of kopje/pulsar-payload or with a Kafka client, or have entries written for ' +
  "Pulsar's clients (entry.format=pulsar) and subscribe behind those that there are";
