import type { Definition, Field, FieldType, Primitive } from './definition.js';
import { liveFields, scopeOf, usedStructs } from './scope.js';
import { isEmpty } from './versions.js';

const TYPES: Record<Exclude<Primitive, 'records'>, string> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  float64: 'number',
  string: 'string',
  uuid: 'string',
  bytes: 'Uint8Array',
};

/** Emits one interface for each struct of the message. */
export function emitTypes(definition: Definition): string[] {
  return usedStructs(definition).flatMap((struct) => [
    `export interface ${struct.name} {`,
    ...liveFields(scopeOf(definition, struct)).map(
      (field) => `  readonly ${field.name}: ${fieldType(definition, field)};`,
    ),
    '}',
    '',
  ]);
}

/** The TypeScript type of a field, null included where some version allows it. */
export function fieldType(definition: Definition, field: Field): string {
  const type = typeName(definition, field.type);
  return isEmpty(field.nullable) ? type : `${type} | null`;
}

export function typeName(definition: Definition, type: FieldType): string {
  if (type.kind === 'struct') return type.name;
  if (type.kind === 'array') return `readonly ${typeName(definition, type.element)}[]`;
  // A response takes its record sets as the log returned them, in one view or several.
  if (type.name === 'records') return definition.type === 'response' ? 'RecordViews' : 'Uint8Array';
  return TYPES[type.name];
}
