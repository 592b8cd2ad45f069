import type { Field, FieldType, Primitive } from './definition.js';
import { emitSignature, flexibleTest, inBranch, nullTest } from './emit-decode.js';
import { defaultOf } from './emit-defaults.js';
import { localName } from './naming.js';
import { flexibleOf, narrow, plainFields, type Scope, taggedFields } from './scope.js';
import { condition, isEmpty } from './versions.js';

/** Emits the function that writes one struct. */
export function emitEncode(scope: Scope, exported: boolean): string[] {
  const { name } = scope.struct;
  const body = [
    ...plainFields(scope).flatMap((field) => emitPlain(scope, field)),
    ...emitTagged(scope),
  ];
  const uses = (word: string) => body.some((line) => new RegExp(`\\b${word}\\b`).test(line));
  const usesVersion = uses('version') || uses('flexible');
  const parameters = [
    'w: Writer',
    `${uses('m') ? '' : '_'}m: Encodable<${name}>`,
    `${usesVersion ? '' : '_'}version: number`,
  ];
  return [
    ...emitSignature(exported, `encode${name}`, parameters, 'void'),
    ...(uses('flexible') ? [`  const flexible = ${flexibleTest(scope)};`] : []),
    ...body.map((line) => `  ${line}`),
    '}',
    '',
  ];
}

function emitPlain(scope: Scope, field: Field): string[] {
  const inner = narrow(scope, field.versions)!;
  const test = condition(field.versions, scope.context);
  if (field.type.kind !== 'array') {
    return inBranch(test, writeValue(inner, field, valueOrDefault(inner, field)));
  }
  const local = localName(field.name);
  const lines = [
    `const ${local} = ${valueOrDefault(inner, field)};`,
    ...writeArray(inner, field, field.type.element, local),
  ];
  return inBranch(test, lines);
}

/** The field's value with its default in place; null only where the scope's versions allow it. */
function valueOrDefault(scope: Scope, field: Field): string {
  const value = `m.${field.name}`;
  if (field.type.kind === 'struct' && field.defaultText !== 'null') return `${value} ?? {}`;
  const fallback = defaultOf(field);
  if (isEmpty(field.nullable) || fallback === 'null') return `${value} ?? ${fallback}`;
  if (nullTest(scope, field) === 'never') return `${value} ?? ${fallback}`;
  return `${value} === undefined ? ${fallback} : ${value}`;
}

function writeArray(scope: Scope, field: Field, element: FieldType, local: string): string[] {
  const flexible = flexibleOf(scope, field);
  const nullable = nullTest(scope, field);
  const write = writeElement(scope, field, element);
  if (isEmpty(field.nullable) || (nullable === 'never' && defaultOf(field) !== 'null')) {
    return [`w.arrayLength(${local}.length, ${flexible});`, `for (const x of ${local}) ${write}`];
  }
  const optional = `w.nullableArrayLength(${local}, ${flexible});`;
  const required = `w.arrayLength(${local}?.length ?? 0, ${flexible});`;
  const loop = `for (const x of ${local} ?? []) ${write}`;
  if (nullable === 'always') return [optional, loop];
  if (nullable === 'never') return [required, loop];
  return [`if (${nullable}) ${optional}`, `else ${required}`, loop];
}

function writeElement(scope: Scope, field: Field, type: FieldType): string {
  if (type.kind === 'struct') return `encode${type.name}(w, x, version);`;
  if (type.kind === 'array') throw new Error(`${field.name} is an array of arrays`);
  return writePrimitive(type.name, 'x', flexibleOf(scope, field), false);
}

function writeValue(scope: Scope, field: Field, value: string): string[] {
  const { type } = field;
  const nullable = nullTest(scope, field);
  if (type.kind === 'struct') {
    if (nullable === 'never') return [`encode${type.name}(w, ${value}, version);`];
    if (nullable !== 'always') throw new Error(`${field.name} is nullable in some versions only`);
    const local = localName(field.name);
    return [
      `const ${local} = ${value};`,
      `w.int8(${local} === null ? -1 : 1);`,
      `if (${local} !== null) encode${type.name}(w, ${local}, version);`,
    ];
  }
  if (type.kind === 'array') throw new Error(`${field.name} is an array`);
  const flexible = flexibleOf(scope, field);
  if (nullable === 'always') return [writePrimitive(type.name, value, flexible, true)];
  const required = writePrimitive(
    type.name,
    `m.${field.name} ?? ${nonNull(field)}`,
    flexible,
    false,
  );
  if (nullable === 'never') return [required];
  return [
    `if (${nullable}) ${writePrimitive(type.name, value, flexible, true)}`,
    `else ${required}`,
  ];
}

/** What stands in for null in versions that cannot say null. */
function nonNull(field: Field): string {
  const fallback = defaultOf(field);
  return fallback === 'null' ? defaultOf({ ...field, defaultText: null }) : fallback;
}

function writePrimitive(
  name: Primitive,
  value: string,
  flexible: string,
  nullable: boolean,
): string {
  switch (name) {
    case 'string':
      return `w.${nullable ? 'nullableString' : 'string'}(${value}, ${flexible});`;
    case 'bytes':
      return `w.${nullable ? 'nullableView' : 'view'}(${value}, ${flexible});`;
    case 'records':
      return `w.records(${value}, ${flexible});`;
    default:
      return `w.${name}(${value});`;
  }
}

function emitTagged(scope: Scope): string[] {
  const flexible = flexibleOf(scope, null);
  if (flexible === 'false') return [];
  const test = flexible === 'true' ? null : flexible;
  const flexibleScope = narrow(scope, scope.definition.flexible)!;
  const tagged = taggedFields(scope);
  if (tagged.length === 0) return inBranch(test, ['w.uvarint(0);']);
  const present = (field: Field) => `has${field.name[0]!.toUpperCase()}${field.name.slice(1)}`;
  const lines = tagged.flatMap((field) => {
    const versionTest = condition(field.tagged, flexibleScope.context);
    const worth = worthWriting(field);
    return [
      `const ${localName(field.name)} = ${taggedValue(field)};`,
      `const ${present(field)} = ${versionTest === null ? worth : `${versionTest} && ${worth}`};`,
    ];
  });
  lines.push('let tags = 0;');
  for (const field of tagged) lines.push(`if (${present(field)}) tags++;`);
  lines.push('w.uvarint(tags);');
  for (const field of tagged) {
    const inner = narrow(flexibleScope, field.tagged)!;
    lines.push(
      `if (${present(field)}) {`,
      `  const at = w.openTagged(${field.tag});`,
      ...writeTagged(inner, field).map((line) => `  ${line}`),
      '  w.closeTagged(at);',
      '}',
    );
  }
  return inBranch(test, lines);
}

function taggedValue(field: Field): string {
  const value = `m.${field.name}`;
  if (field.type.kind === 'struct' && field.defaultText !== 'null') return value;
  const fallback = defaultOf(field);
  const nullable = !isEmpty(field.nullable) && fallback !== 'null';
  return nullable ? `${value} === undefined ? ${fallback} : ${value}` : `${value} ?? ${fallback}`;
}

/** Kafka writes a tagged field only where it differs from its default. */
function worthWriting(field: Field): string {
  const local = localName(field.name);
  const fallback = defaultOf(field);
  if (fallback === 'null') return `${local} !== null`;
  if (field.type.kind === 'struct') {
    return `${local} !== undefined && !isDefault${field.type.name}(${local})`;
  }
  const counted = field.type.kind === 'array' || field.type.name === 'bytes';
  if (!counted) return `${local} !== ${fallback}`;
  return isEmpty(field.nullable)
    ? `${local}.length > 0`
    : `(${local} === null || ${local}.length > 0)`;
}

function writeTagged(scope: Scope, field: Field): string[] {
  const local = localName(field.name);
  const { type } = field;
  if (type.kind === 'array') return writeArray(scope, field, type.element, local);
  if (type.kind === 'struct') {
    const call = `encode${type.name}(w, ${local}, version);`;
    return nullTest(scope, field) === 'never' ? [call] : ['w.int8(1);', call];
  }
  return [writePrimitive(type.name, local, 'true', nullTest(scope, field) !== 'never')];
}
