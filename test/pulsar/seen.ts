/** A record or a message in one form, to compare what was written on one side with what is read on the other. */
import type { KafkaMessage } from 'kafkajs';
import { recordHeaders, recordKey, recordValue } from '../clients/records.js';
import type { ClientMessage } from './clients/pulsar-client.js';

export interface Seen {
  /** Byte strings in base64, null for none. */
  readonly key: string | null;
  readonly value: string | null;
  /** Ms; 0 for a message that its producer gave none. */
  readonly time: number;
  /** Name and value of each header, in base64; nothing behind `=` for null as well, where a side has no null. */
  readonly headers: readonly string[];
}

type Bytes = Buffer | string | null;

function packed(bytes: Bytes): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64');
}

function pair(name: string, value: Bytes): string {
  return `${packed(name)}=${value === null ? 'null' : packed(value)}`;
}

/** Record i of the client programs, as a Kafka client reads it. */
export function recordInKafka(i: number, baseTimestampMs: number): Seen {
  const headers = recordHeaders(i, true).map(([name, value]) => pair(name, value));
  const [key, value] = [packed(recordKey(i)), packed(recordValue(i))];
  return { key, value, time: baseTimestampMs + i, headers: headers.sort() };
}

/**
 * The same, as Pulsar's Java client reads it: of properties with one name it gives the last, and their values are
 * texts. What is lost so stands in `kopje.headers`.
 */
export function recordInPulsar(i: number, baseTimestampMs: number): Seen {
  const texts = new Map(recordHeaders(i, true).map(([name, value]) => [name, String(value ?? '')]));
  const headers = [...texts].map(([name, text]) => pair(name, text));
  return { ...recordInKafka(i, baseTimestampMs), headers: headers.sort() };
}

/** A message of Pulsar's clients, as a Kafka client reads it. */
export function messageInKafka({
  key,
  orderingKey,
  value,
  eventTime,
  properties,
}: ClientMessage): Seen {
  return { key: orderingKey ?? key, value, time: eventTime, headers: properties };
}

/** What a Pulsar client got. */
export function fromPulsar(message: ClientMessage): Seen {
  const ours = `${packed('kopje.headers')}=`;
  const headers = message.properties.filter((property) => !property.startsWith(ours));
  return { key: message.key, value: message.value, time: message.eventTime, headers };
}

/** What kafkajs got; times from `startMs` on are those of publishing. */
export function fromKafka(
  { key, value, timestamp, headers = {} }: KafkaMessage,
  startMs: number,
): Seen {
  const pairs = Object.entries(headers).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((one) => pair(name, one ?? null)),
  );
  const time = Number(timestamp) >= startMs ? 0 : Number(timestamp);
  return { key: packed(key), value: packed(value), time, headers: pairs.sort() };
}

/** In an order of their own. */
export function sorted(seen: readonly Seen[]): string[] {
  return seen.map((one) => JSON.stringify(one)).sort();
}
