import type { Definition, Field, Struct } from './definition.js';
import { camelCase } from './naming.js';
import {
  liveFields,
  plainFields,
  type Scope,
  scopeOf,
  taggedFields,
  usedStructs,
} from './scope.js';
import { condition, isEmpty } from './versions.js';

const INT64_MAX_TEXT = '9223372036854775807';

/** The expression for what a field is when a version lacks it. */
export function defaultOf(field: Field): string {
  const text = field.defaultText;
  if (text === 'null') return 'null';
  if (field.type.kind === 'array') return '[]';
  if (field.type.kind === 'struct') return defaultName(field.type.name);
  switch (field.type.name) {
    case 'bool':
      return text ?? 'false';
    case 'string':
      return `'${text ?? ''}'`;
    case 'uuid':
      return 'ZERO_UUID';
    case 'bytes':
      return 'EMPTY_BYTES';
    case 'records':
      return isEmpty(field.nullable) ? 'EMPTY_BYTES' : 'null';
    default:
      return text === INT64_MAX_TEXT ? 'INT64_MAX' : String(Number(text ?? 0));
  }
}

/** The constant that holds the default of a struct. */
export function defaultName(struct: string): string {
  return `${camelCase(struct)}Default`;
}

/** Emits the default constant of each struct that stands where a version may lack it. */
export function emitDefaults(definition: Definition): string[] {
  return structsWithDefault(definition)
    .reverse()
    .flatMap((struct) => [
      `const ${defaultName(struct.name)}: ${struct.name} = {`,
      ...liveFields(scopeOf(definition, struct)).map(
        (field) => `  ${field.name}: ${defaultOf(field)},`,
      ),
      '};',
      '',
    ]);
}

/** Emits, for each tagged struct, the test whether it is worth writing. */
export function emitDefaultTests(definition: Definition): string[] {
  const tagged = new Set(
    usedStructs(definition).flatMap((struct) =>
      taggedFields(scopeOf(definition, struct)).flatMap((field) =>
        field.type.kind === 'struct' && field.defaultText !== 'null' ? [field.type.name] : [],
      ),
    ),
  );
  return usedStructs(definition)
    .filter((struct) => tagged.has(struct.name))
    .flatMap((struct) => [
      `function isDefault${struct.name}(m: Encodable<${struct.name}>): boolean {`,
      ...liveFields(scopeOf(definition, struct)).map(
        (field) => `  if (${differsFromDefault(field)}) return false;`,
      ),
      '  return true;',
      '}',
      '',
    ]);
}

function differsFromDefault(field: Field): string {
  if (field.type.kind !== 'primitive') throw new Error(`tagged struct holds ${field.name}`);
  return `(m.${field.name} ?? ${defaultOf(field)}) !== ${defaultOf(field)}`;
}

function structsWithDefault(definition: Definition): Struct[] {
  const names = new Set<string>();
  for (const struct of usedStructs(definition)) {
    const scope = scopeOf(definition, struct);
    for (const field of liveFields(scope)) {
      if (field.type.kind !== 'struct' || field.defaultText === 'null') continue;
      if (mayBeMissing(field, scope)) names.add(field.type.name);
    }
  }
  return usedStructs(definition).filter((struct) => names.has(struct.name));
}

function mayBeMissing(field: Field, scope: Scope): boolean {
  return !plainFields(scope).includes(field) || condition(field.versions, scope.context) !== null;
}
