import type { Definition, Field, FieldType, Struct } from './definition.js';
import { condition, intersect, isEmpty, type Versions } from './versions.js';

/** Where code is emitted: a struct of a definition, and the versions that can reach it. */
export interface Scope {
  readonly definition: Definition;
  readonly struct: Struct;
  readonly context: Versions;
}

export function scopeOf(definition: Definition, struct: Struct): Scope {
  return { definition, struct, context: intersect(definition.versions, struct.versions) };
}

/** The scope inside a branch that only the field's versions enter; null where none can. */
export function narrow(scope: Scope, versions: Versions): Scope | null {
  const context = intersect(scope.context, versions);
  return isEmpty(context) ? null : { ...scope, context };
}

/** The expression for "this version is flexible": `true`, `false` or the variable. */
export function flexibleOf(scope: Scope, field: Field | null): 'true' | 'false' | 'flexible' {
  const flexible = field?.flexible ?? scope.definition.flexible;
  const inside = intersect(flexible, scope.context);
  if (isEmpty(inside)) return 'false';
  return condition(flexible, scope.context) === null ? 'true' : 'flexible';
}

/** The fields outside the tagged section that some version in scope carries. */
export function plainFields(scope: Scope): Field[] {
  return scope.struct.fields.filter(
    (field) => isEmpty(field.tagged) && narrow(scope, field.versions) !== null,
  );
}

/** The tagged fields that some version in scope carries, by tag. */
export function taggedFields(scope: Scope): Field[] {
  return scope.struct.fields
    .filter((field) => narrow(scope, field.tagged) !== null)
    .sort((a, b) => a.tag - b.tag);
}

/** The structs that the message uses in its own versions; older ones leave theirs behind. */
export function usedStructs(definition: Definition): Struct[] {
  const used = new Set<string>();
  const visit = (struct: Struct) => {
    if (used.has(struct.name)) return;
    used.add(struct.name);
    const scope = scopeOf(definition, struct);
    for (const field of [...plainFields(scope), ...taggedFields(scope)]) {
      const inner = structNamed(definition, field.type);
      if (inner !== null) visit(inner);
    }
  };
  visit(definition.structs[0]!);
  return definition.structs.filter((struct) => used.has(struct.name));
}

/** The struct that a field is, or is an array of. */
export function structNamed(definition: Definition, type: FieldType): Struct | null {
  if (type.kind === 'array') return structNamed(definition, type.element);
  if (type.kind === 'primitive') return null;
  const struct = definition.structs.find(({ name }) => name === type.name);
  if (struct === undefined) throw new Error(`${definition.name} has no struct ${type.name}`);
  return struct;
}

/** Fields of the struct that exist at all in the message's versions. */
export function liveFields(scope: Scope): Field[] {
  const tagged = new Set(taggedFields(scope));
  const plain = new Set(plainFields(scope));
  return scope.struct.fields.filter((field) => tagged.has(field) || plain.has(field));
}
