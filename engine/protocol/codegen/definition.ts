import { camelCase } from './naming.js';
import { NO_VERSIONS, parseVersions, type Versions } from './versions.js';

const PRIMITIVES = [
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'float64',
  'string',
  'uuid',
  'bytes',
  'records',
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

export type FieldType =
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'array'; readonly element: FieldType };

/** One field of a struct, in the order of the wire. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly versions: Versions;
  readonly nullable: Versions;
  readonly tagged: Versions;
  readonly tag: number;
  /** Where the field overrides the message's flexible versions. */
  readonly flexible: Versions | null;
  readonly defaultText: string | null;
}

export interface Struct {
  readonly name: string;
  readonly versions: Versions;
  readonly fields: readonly Field[];
}

/** A message definition: its own fields first, then the structs that they use. */
export interface Definition {
  readonly name: string;
  readonly type: string;
  readonly apiKey: number | null;
  readonly versions: Versions;
  readonly flexible: Versions;
  readonly structs: readonly Struct[];
}

interface RawField {
  name: string;
  type: string;
  versions?: string;
  nullableVersions?: string;
  taggedVersions?: string;
  flexibleVersions?: string;
  tag?: number;
  default?: unknown;
  fields?: RawField[];
}

interface RawDefinition {
  name: string;
  type: string;
  apiKey?: number;
  validVersions: string;
  flexibleVersions?: string;
  fields?: RawField[];
  commonStructs?: { name: string; versions: string; fields: RawField[] }[];
}

/** Parses Kafka's dialect: JSON with line comments. */
export function parseDefinition(text: string): Definition {
  const raw = JSON.parse(stripComments(text)) as RawDefinition;
  const versions = parseVersions(raw.validVersions);
  const flexible = parseVersions(raw.flexibleVersions ?? 'none');
  const inner: Struct[] = [];
  const fields = (raw.fields ?? []).map((field) => parseField(field, inner));
  for (const common of raw.commonStructs ?? []) {
    const commonFields = common.fields.map((field) => parseField(field, inner));
    inner.push({
      name: common.name,
      versions: parseVersions(common.versions),
      fields: commonFields,
    });
  }
  return {
    name: raw.name,
    type: raw.type,
    apiKey: raw.apiKey ?? null,
    versions,
    flexible,
    structs: [{ name: raw.name, versions, fields }, ...inner],
  };
}

function stripComments(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\/\/.*/g, (_match, string?: string) => string ?? '');
}

function parseField(raw: RawField, structs: Struct[]): Field {
  const optional = (text: string | undefined) =>
    text === undefined ? NO_VERSIONS : parseVersions(text);
  const tagged = optional(raw.taggedVersions);
  const versions = raw.versions === undefined ? tagged : parseVersions(raw.versions);
  const type = parseType(raw.type);
  if (raw.fields !== undefined) {
    const fields = (raw.fields ?? []).map((field) => parseField(field, structs));
    structs.push({ name: innermost(type), versions, fields });
  }
  return {
    name: camelCase(raw.name),
    type,
    versions,
    nullable: optional(raw.nullableVersions),
    tagged,
    tag: raw.tag ?? -1,
    flexible: raw.flexibleVersions === undefined ? null : parseVersions(raw.flexibleVersions),
    defaultText: raw.default === undefined ? null : String(raw.default),
  };
}

function parseType(text: string): FieldType {
  if (text.startsWith('[]')) return { kind: 'array', element: parseType(text.slice(2)) };
  const primitive = PRIMITIVES.find((name) => name === text);
  if (primitive !== undefined) return { kind: 'primitive', name: primitive };
  if (!/^[A-Z]\w*$/.test(text)) throw new Error(`unknown type ${text}`);
  return { kind: 'struct', name: text };
}

function innermost(type: FieldType): string {
  if (type.kind === 'array') return innermost(type.element);
  return type.name;
}
