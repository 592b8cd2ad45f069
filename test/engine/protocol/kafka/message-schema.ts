/** First and last version. */
export type VersionRange = readonly [min: number, max: number];

/** One field, as `message-schemas.ts` has it. */
export interface FieldSchema {
  readonly name: string;
  /** `int32`, `string`, …, the name of a struct, or one of these behind `[]`. */
  readonly type: string;
  readonly versions: VersionRange;
  /** The versions in which it may be null. */
  readonly nullable: VersionRange | null;
  /** The default as Kafka's definition spells it; null where it has none. */
  readonly default: string | null;
}

export interface MessageSchema {
  readonly name: string;
  /** The file under `engine/protocol/kafka/messages`. */
  readonly module: string;
  readonly versions: VersionRange;
  /** Fields by struct; the message itself is the struct of its name. */
  readonly structs: { readonly [struct: string]: readonly FieldSchema[] };
}

export function isWithin(version: number, range: VersionRange | null): boolean {
  return range !== null && version >= range[0] && version <= range[1];
}

/** Every version of every message. */
export function* everyVersion(
  schemas: readonly MessageSchema[],
): Generator<[schema: MessageSchema, version: number]> {
  for (const schema of schemas) {
    const [min, max] = schema.versions;
    for (let version = min; version <= max; version++) yield [schema, version];
  }
}
