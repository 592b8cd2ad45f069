import type { Field, FieldType, Primitive } from './definition.js';
import { defaultOf } from './emit-defaults.js';
import { fieldType, typeName } from './emit-types.js';
import { localName } from './naming.js';
import { flexibleOf, liveFields, narrow, plainFields, type Scope, taggedFields } from './scope.js';
import { condition, isEmpty } from './versions.js';

const MAX_COLUMNS = 100;

/** Emits the function that reads one struct. */
export function emitDecode(scope: Scope, exported: boolean): string[] {
  const { name } = scope.struct;
  const body = [
    ...plainFields(scope).flatMap((field) => emitPlain(scope, field)),
    ...emitTagged(scope),
  ];
  const usesFlexible = body.some((line) => /\bflexible\b/.test(line));
  const usesVersion = usesFlexible || body.some((line) => /\bversion\b/.test(line));
  const fields = liveFields(scope).map(({ name: field }) =>
    localName(field) === field ? `${field},` : `${field}: ${localName(field)},`,
  );
  const parameters = ['r: Reader', `${usesVersion ? '' : '_'}version: number`];
  return [
    ...emitSignature(exported, `decode${name}`, parameters, name),
    ...(usesFlexible ? [`  const flexible = ${flexibleTest(scope)};`] : []),
    ...body.map((line) => `  ${line}`),
    '  return {',
    ...fields.map((line) => `    ${line}`),
    '  };',
    '}',
    '',
  ];
}

/** Emits a function's first line, broken where it is long. */
export function emitSignature(
  exported: boolean,
  name: string,
  parameters: readonly string[],
  result: string,
): string[] {
  const start = `${exported ? 'export ' : ''}function ${name}(`;
  const line = `${start}${parameters.join(', ')}): ${result} {`;
  if (line.length <= MAX_COLUMNS) return [line];
  return [start, ...parameters.map((parameter) => `  ${parameter},`), `): ${result} {`];
}

/** The test that the variable `flexible` stands for. */
export function flexibleTest(scope: Scope): string {
  return condition(scope.definition.flexible, scope.context) ?? 'true';
}

function emitPlain(scope: Scope, field: Field): string[] {
  const inner = narrow(scope, field.versions)!;
  const test = condition(field.versions, scope.context);
  const local = localName(field.name);
  if (field.type.kind === 'array') {
    const variable = isEmpty(field.nullable) ? 'const' : 'let';
    return [
      `${variable} ${local}: ${arrayType(scope, field)} = ${defaultOf(field)};`,
      ...inBranch(test, readArray(inner, field, field.type.element)),
    ];
  }
  const expression = readValue(inner, field, field.type);
  if (test === null) return [`const ${local} = ${expression};`];
  const annotation = `: ${fieldType(scope.definition, field)}`;
  return [`const ${local}${annotation} = ${test} ? ${expression} : ${defaultOf(field)};`];
}

function arrayType(scope: Scope, field: Field): string {
  const { type } = field;
  if (type.kind !== 'array') throw new Error(`${field.name} is no array`);
  const array = `${typeName(scope.definition, type.element)}[]`;
  return isEmpty(field.nullable) ? array : `${array} | null`;
}

function readArray(scope: Scope, field: Field, element: FieldType): string[] {
  const local = localName(field.name);
  const flexible = flexibleOf(scope, field);
  const push = `  ${local}.push(${readElement(scope, field, element)});`;
  const required = `r.arrayLength(${flexible})`;
  if (isEmpty(field.nullable)) return [`for (let n = ${required}; n > 0; n--) {`, push, '}'];
  const optional = `r.nullableArrayLength(${flexible})`;
  const length = choose(nullTest(scope, field), optional, required);
  const count = `${local}Length`;
  return [
    `const ${count} = ${length};`,
    `${local} = ${count} < 0 ? null : [];`,
    `for (let i = 0; i < ${count}; i++) {`,
    push.replace('.push', '!.push'),
    '}',
  ];
}

/** Picks by the outcome of `nullTest`. */
function choose(nullable: string, optional: string, required: string): string {
  if (nullable === 'always') return optional;
  return nullable === 'never' ? required : `${nullable} ? ${optional} : ${required}`;
}

/** Whether null may stand in the scope's versions: always, never, or by this test. */
export function nullTest(scope: Scope, field: Field): string {
  if (narrow(scope, field.nullable) === null) return 'never';
  return condition(field.nullable, scope.context) ?? 'always';
}

function readElement(scope: Scope, field: Field, type: FieldType): string {
  if (type.kind === 'struct') return `decode${type.name}(r, version)`;
  if (type.kind === 'array') throw new Error(`${field.name} is an array of arrays`);
  return readPrimitive(type.name, flexibleOf(scope, field), false);
}

function readValue(scope: Scope, field: Field, type: FieldType): string {
  const nullable = nullTest(scope, field);
  if (type.kind === 'struct') {
    const read = `decode${type.name}(r, version)`;
    return choose(nullable, `(r.present() ? ${read} : null)`, read);
  }
  if (type.kind === 'array') throw new Error(`${field.name} is an array`);
  const flexible = flexibleOf(scope, field);
  const optional = readPrimitive(type.name, flexible, true);
  return choose(nullable, optional, readPrimitive(type.name, flexible, false));
}

function readPrimitive(name: Primitive, flexible: string, nullable: boolean): string {
  switch (name) {
    case 'string':
      return `r.${nullable ? 'nullableString' : 'string'}(${flexible})`;
    case 'bytes':
    case 'records':
      return `r.${nullable ? 'nullableView' : 'view'}(${flexible})`;
    default:
      return `r.${name}()`;
  }
}

function emitTagged(scope: Scope): string[] {
  const flexible = flexibleOf(scope, null);
  if (flexible === 'false') return [];
  const tagged = taggedFields(scope);
  if (tagged.length === 0)
    return inBranch(flexible === 'true' ? null : flexible, ['r.skipTags();']);
  const loop = [
    'for (let tags = r.uvarint(); tags > 0; tags--) {',
    '  const tag = r.uvarint();',
    '  const end = r.taggedEnd();',
    '  switch (tag) {',
    ...tagged.flatMap((field) => emitTag(scope, field).map((line) => `    ${line}`)),
    '    default:',
    '      r.offset = end;',
    '  }',
    '}',
  ];
  return [
    ...tagged.map(
      (field) =>
        `let ${localName(field.name)}: ${
          field.type.kind === 'array' ? arrayType(scope, field) : fieldType(scope.definition, field)
        } = ${defaultOf(field)};`,
    ),
    ...inBranch(flexible === 'true' ? null : flexible, loop),
  ];
}

function emitTag(scope: Scope, field: Field): string[] {
  const flexibleScope = narrow(scope, scope.definition.flexible)!;
  const inner = narrow(flexibleScope, field.tagged)!;
  const test = condition(field.tagged, flexibleScope.context);
  const local = localName(field.name);
  const read =
    field.type.kind === 'array'
      ? [
          ...(isEmpty(field.nullable) ? [`${local} = [];`] : []),
          ...readArray(inner, field, field.type.element),
        ]
      : [`${local} = ${readValue(inner, field, field.type)};`];
  const known = [...read, 'r.closeTagged(end);'];
  return [
    `case ${field.tag}:`,
    ...(test === null
      ? known
      : [
          `if (${test}) {`,
          ...known.map((line) => `  ${line}`),
          '} else {',
          '  r.offset = end;',
          '}',
        ]
    ).map((line) => `  ${line}`),
    '  break;',
  ];
}

/** Wraps statements in a branch; without a test they stay as they are. */
export function inBranch(test: string | null, lines: string[]): string[] {
  if (test === null) return lines;
  if (lines.length === 1) return [`if (${test}) ${lines[0]}`];
  return [`if (${test}) {`, ...lines.map((line) => `  ${line}`), '}'];
}
