import { readFileSync } from 'node:fs';
import type { Message } from './codecs.js';
import { isWithin, type MessageSchema } from './message-schema.js';

/** A message that Kafka's own codec encoded; see `test/golden/codec/README.md`. */
export interface GoldenMessage {
  readonly name: string;
  readonly version: number;
  /** Null: every field has Kafka's default. */
  readonly value: Message | null;
  readonly hex: string;
}

/** Reads a file of JSON lines under `test/golden/codec`; tests run from the repository's root. */
export function readGolden<Line>(file: string): Line[] {
  const lines = readFileSync(`test/golden/codec/${file}`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Turns a golden value, where bytes are base64 texts, into a message as codecs have it. */
export function revive(schema: MessageSchema, version: number, value: Message): Message {
  const struct = (name: string, raw: Message): Message =>
    Object.fromEntries(
      schema.structs[name]!.filter((field) => isWithin(version, field.versions)).map((field) => [
        field.name,
        any(field.type, raw[field.name]),
      ]),
    );
  const any = (type: string, raw: unknown): unknown => {
    if (raw === null) return null;
    if (type.startsWith('[]')) return (raw as unknown[]).map((item) => any(type.slice(2), item));
    if (Object.hasOwn(schema.structs, type)) return struct(type, raw as Message);
    if (type === 'bytes' || type === 'records') return Buffer.from(raw as string, 'base64');
    return raw;
  };
  return struct(schema.name, value);
}
