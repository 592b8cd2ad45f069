/**
 * Prints the messages that `test/golden/codec/java` encodes, one JSON object a line in the form of
 * Kafka's own JSON converters: for every version of every message one with something in each field,
 * one with nothing in any, and one that is null, which stands for Kafka's defaults.
 */
import { SCHEMAS } from '../../../golden/codec/message-schemas.js';
import { everyVersion, type FieldSchema, isWithin, type MessageSchema } from './message-schema.js';

const INTEGER_BITS: { readonly [type: string]: number } = {
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 53,
};
const TEXTS = ['t', 'topic-a', 'größe', '主題', ''];

/** Numerical Recipes' generator: enough to vary the samples, and the same everywhere. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Sampler {
  readonly #schema: MessageSchema;
  readonly #version: number;
  readonly #filled: boolean;
  readonly #random: (below: number) => number;

  constructor(schema: MessageSchema, version: number, filled: boolean) {
    this.#schema = schema;
    this.#version = version;
    this.#filled = filled;
    this.#random = randomNumbers(schema.name.length * 131 + version);
  }

  struct(name: string): object {
    const fields = this.#schema.structs[name]!.filter((field) =>
      isWithin(this.#version, field.versions),
    );
    return Object.fromEntries(fields.map((field) => [field.name, this.#field(field)]));
  }

  #field(field: FieldSchema): unknown {
    if (isWithin(this.#version, field.nullable) && (!this.#filled || this.#random(5) === 0)) {
      return null;
    }
    return this.#value(field.type);
  }

  #value(type: string): unknown {
    if (type.startsWith('[]')) {
      const length = this.#filled ? 1 + this.#random(2) : 0;
      return Array.from({ length }, () => this.#value(type.slice(2)));
    }
    if (Object.hasOwn(this.#schema.structs, type)) return this.struct(type);
    return this.#filled ? this.#primitive(type) : emptyOf(type);
  }

  #primitive(type: string): unknown {
    const bits = INTEGER_BITS[type];
    if (bits !== undefined) return this.#random(2 ** bits) - 2 ** (bits - 1);
    const bytes = (length: number) => Buffer.from(Array.from({ length }, () => this.#random(256)));
    switch (type) {
      case 'bool':
        return this.#random(2) === 1;
      case 'uint16':
        return this.#random(2 ** 16);
      case 'string':
        return TEXTS[this.#random(TEXTS.length)];
      case 'uuid':
        return bytes(16).toString('base64url');
      default:
        return bytes(this.#random(20)).toString('base64');
    }
  }
}

function emptyOf(type: string): unknown {
  if (type === 'bool') return false;
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA';
  return type.includes('int') ? 0 : '';
}

for (const [schema, version] of everyVersion(SCHEMAS)) {
  for (const filled of [true, false]) {
    print(schema, version, new Sampler(schema, version, filled).struct(schema.name));
  }
  print(schema, version, null);
}

function print({ name }: MessageSchema, version: number, value: object | null): void {
  process.stdout.write(`${JSON.stringify({ name, version, value })}\n`);
}
