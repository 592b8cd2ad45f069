import type { Reader } from '../../../../engine/protocol/kafka/reader.js';
import { Writer } from '../../../../engine/protocol/kafka/writer.js';
import type { MessageSchema } from './message-schema.js';

/** A message of which only the schema is known. */
export type Message = { readonly [field: string]: unknown };

/** The generated functions of one message. */
export interface Codec {
  decode(reader: Reader, version: number): Message;
  encode(writer: Writer, message: Message, version: number): void;
}

/** Loads the generated functions that belong to a schema. */
export async function loadCodec(schema: MessageSchema): Promise<Codec> {
  const path = `../../../../engine/protocol/kafka/messages/${schema.module}.js`;
  const module = (await import(path)) as { [name: string]: unknown };
  return {
    decode: module[`decode${schema.name}`] as Codec['decode'],
    encode: module[`encode${schema.name}`] as Codec['encode'],
  };
}

export function encodeWhole(codec: Codec, message: Message, version: number): Uint8Array {
  const writer = new Writer();
  codec.encode(writer, message, version);
  return writer.finishWhole();
}
