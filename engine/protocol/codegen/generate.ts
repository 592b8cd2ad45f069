import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { type Definition, parseDefinition } from './definition.js';
import { emitApiKeys } from './emit-api-keys.js';
import { emitMessage } from './emit-message.js';
import { emitSchemas } from './emit-schemas.js';
import { readDefinitions } from './jars.js';
import { kebabCase } from './naming.js';
import { SERVED } from './served.js';

const MESSAGES = 'engine/protocol/kafka/messages';
const API_KEYS = 'engine/protocol/kafka/api-keys.ts';
const SCHEMAS = 'test/golden/codec/message-schemas.ts';

/** Writes the generated files, or with `--check` says which of the committed ones differ. */
function main(): number {
  const { values } = parseArgs({
    options: { check: { type: 'boolean', default: false }, jars: { type: 'string' } },
  });
  const texts = readDefinitions(values.jars);
  if (texts === null) {
    process.stderr.write('skipped: Kafka’s jars are neither here nor to be had through mvn\n');
    return values.check ? 0 : 1;
  }
  const definitions = new Map<string, Definition>();
  for (const [name, text] of texts) definitions.set(name, parseDefinition(text));
  const files = generate(definitions);
  return values.check ? check(files) : write(files);
}

/** The content of each generated file by its path from the root of the repository. */
function generate(definitions: ReadonlyMap<string, Definition>): Map<string, string> {
  const served = SERVED.map((name) => {
    const definition = definitions.get(name);
    if (definition === undefined) throw new Error(`the jars hold no ${name}`);
    return definition;
  });
  const files = new Map([
    [API_KEYS, emitApiKeys([...definitions.values()])],
    [SCHEMAS, emitSchemas(served)],
  ]);
  for (const definition of served) {
    files.set(`${MESSAGES}/${kebabCase(definition.name)}.ts`, emitMessage(definition));
  }
  return files;
}

function write(files: ReadonlyMap<string, string>): number {
  rmSync(MESSAGES, { recursive: true, force: true });
  for (const [path, content] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return 0;
}

function check(files: ReadonlyMap<string, string>): number {
  const wrong: string[] = [];
  for (const [path, content] of files) {
    if (!existsSync(path) || readFileSync(path, 'utf8') !== content) wrong.push(path);
  }
  for (const file of readdirSync(MESSAGES)) {
    const path = `${MESSAGES}/${file}`;
    if (!files.has(path)) wrong.push(path);
  }
  for (const path of wrong) process.stderr.write(`${path} is not what the generator writes\n`);
  return wrong.length === 0 ? 0 : 1;
}

process.exitCode = main();
