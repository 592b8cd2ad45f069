import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readZip } from './zip.js';

/** The version of Kafka whose definitions are used. */
export const KAFKA_VERSION = '4.4.0';

/** Artifacts of `org.apache.kafka` that hold definitions; an earlier one wins a name held twice. */
const ARTIFACTS = [
  'kafka-clients',
  'kafka-group-coordinator',
  'kafka-transaction-coordinator',
] as const;

const DEFINITIONS = /^common\/message\/(\w+)\.json$/;

/**
 * Reads the text of every message definition, by message name. Jars come from `directory`, from
 * the local Maven repository, or from Maven Central through `mvn`; null where none can be had.
 */
export function readDefinitions(directory: string | undefined): Map<string, string> | null {
  const texts = new Map<string, string>();
  for (const artifact of ARTIFACTS) {
    const jar = findJar(artifact, directory);
    if (jar === null) return null;
    const files = readZip(readFileSync(jar), (path) => DEFINITIONS.test(path));
    for (const [path, content] of files) {
      const name = DEFINITIONS.exec(path)![1]!;
      if (!texts.has(name)) texts.set(name, content.toString('utf8'));
    }
  }
  return texts;
}

/** Whether the jars are on this machine, so that reading them needs no network. */
export function hasLocalJars(): boolean {
  return ARTIFACTS.every((artifact) => existsSync(mavenPath(artifact)));
}

function findJar(artifact: string, directory: string | undefined): string | null {
  const file = `${artifact}-${KAFKA_VERSION}.jar`;
  if (directory !== undefined) {
    const given = join(directory, file);
    return existsSync(given) ? given : null;
  }
  const local = mavenPath(artifact);
  return existsSync(local) ? local : download(artifact, file);
}

function mavenPath(artifact: string): string {
  const file = `${artifact}-${KAFKA_VERSION}.jar`;
  return join(homedir(), '.m2', 'repository', 'org/apache/kafka', artifact, KAFKA_VERSION, file);
}

function download(artifact: string, file: string): string | null {
  const cache = join(tmpdir(), `kopje-definitions-${KAFKA_VERSION}`);
  const jar = join(cache, file);
  if (existsSync(jar)) return jar;
  spawnSync('mvn', [
    '--batch-mode',
    '--quiet',
    'dependency:copy',
    `-Dartifact=org.apache.kafka:${artifact}:${KAFKA_VERSION}`,
    `-DoutputDirectory=${cache}`,
  ]);
  return existsSync(jar) ? jar : null;
}
