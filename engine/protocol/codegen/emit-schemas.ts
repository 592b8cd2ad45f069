import type { Definition, Field, FieldType } from './definition.js';
import { FILE_HEADER } from './emit-message.js';
import { kebabCase } from './naming.js';
import { liveFields, scopeOf, usedStructs } from './scope.js';
import { intersect, isEmpty, NO_VERSIONS, type Versions } from './versions.js';

/**
 * Emits what the tests know of the messages: every field with its type and versions, from which
 * they make messages without the jars at hand.
 */
export function emitSchemas(definitions: readonly Definition[]): string {
  const lines = [
    FILE_HEADER,
    '',
    "import type { MessageSchema } from '../../engine/protocol/kafka/message-schema.js';",
    '',
    'export const SCHEMAS: readonly MessageSchema[] = [',
    ...definitions.flatMap(emitSchema),
    '];',
  ];
  return `${lines.join('\n')}\n`;
}

function emitSchema(definition: Definition): string[] {
  const { name, versions } = definition;
  return [
    '  {',
    `    name: '${name}',`,
    `    module: '${kebabCase(name)}',`,
    `    versions: ${range(versions)},`,
    '    structs: {',
    ...usedStructs(definition).flatMap((struct) => {
      const scope = scopeOf(definition, struct);
      const fields = liveFields(scope).map(
        (field) => `        ${emitField(field, scope.context)},`,
      );
      return [`      ${struct.name}: [`, ...fields, '      ],'];
    }),
    '    },',
    '  },',
  ];
}

function emitField(field: Field, context: Versions): string {
  const versions = intersect(field.versions, context);
  const nullable = isEmpty(field.nullable) ? NO_VERSIONS : intersect(field.nullable, versions);
  const fallback = field.defaultText === null ? 'null' : `'${field.defaultText}'`;
  return (
    `{ name: '${field.name}', type: '${typeText(field.type)}', versions: ${range(versions)}, ` +
    `nullable: ${isEmpty(nullable) ? 'null' : range(nullable)}, default: ${fallback} }`
  );
}

function range({ min, max }: Versions): string {
  return `[${min}, ${max}]`;
}

function typeText(type: FieldType): string {
  return type.kind === 'array' ? `[]${typeText(type.element)}` : type.name;
}
