import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './durable-file.js';
import { randomTopicId } from './topic-id.js';

/** The identity of a log directory, in the file that Kafka keeps it in. */
export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: number;
  /** KIP-858. */
  readonly directoryId: string;
}

export const metaPropertiesFile = 'meta.properties';

/** Null where there is no such file. Throws an error that says what is wrong with it. */
export async function readMetaProperties(directory: string): Promise<MetaProperties | null> {
  const path = join(directory, metaPropertiesFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const values = parseProperties(text);
  const version = values.get('version');
  // Version 0 is that of ZooKeeper's time, with broker.id.
  if (version !== '1' && version !== '0') {
    throw new Error(`${path}: version ${version ?? '(none)'} is not 0 or 1`);
  }
  const clusterId = values.get('cluster.id');
  if (clusterId === undefined || clusterId === '')
    throw new Error(`${path}: cluster.id is missing`);
  const nodeText = values.get('node.id') ?? values.get('broker.id') ?? '';
  if (!/^\d{1,9}$/.test(nodeText))
    throw new Error(`${path}: node.id '${nodeText}' is not a number`);
  return {
    clusterId,
    nodeId: Number(nodeText),
    directoryId: values.get('directory.id') ?? randomTopicId(),
  };
}

export async function writeMetaProperties(directory: string, meta: MetaProperties): Promise<void> {
  const lines = [
    '#',
    `#${new Date().toUTCString()}`,
    `node.id=${meta.nodeId}`,
    `directory.id=${meta.directoryId}`,
    'version=1',
    `cluster.id=${meta.clusterId}`,
    '',
  ];
  await replaceFile(join(directory, metaPropertiesFile), lines.join('\n'));
}

function parseProperties(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^=:\s]*)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (match) values.set(match[1]!, match[2]!);
  }
  return values;
}
