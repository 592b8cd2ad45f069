/** Prepares what the client programs need; each once, in the cache. */

import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { madeOnce } from '../peers/cache.js';
import { type KafkaHome, kafkaPom, prepareKafka, shortLived } from '../peers/kafka.js';
import { Missing, need } from '../peers/programs.js';
import { runToEnd } from './process.js';

const sources = resolve('test', 'clients');
const installTimeoutMs = 600_000;

export const toolchainNames = ['kcat', 'node', 'python', 'go', 'java'] as const;
export type ToolchainName = (typeof toolchainNames)[number];

/** Gives the command of a program by its name in the client's folder. */
export interface Toolchain {
  command(program: string): string[];
  kafka?: KafkaHome;
}

async function prepareKcat(): Promise<Toolchain> {
  need('kcat');
  return { command: () => ['kcat'] };
}

/**
 * The Node programs run under a Node that comes as an npm package: `@platformatic/kafka` needs a
 * newer one than Kopje does.
 */
async function prepareNode(): Promise<Toolchain> {
  need('npm');
  const from = join(sources, 'node');
  const manifests = ['package.json', 'package-lock.json'].map((file) => join(from, file));
  const directory = await madeOnce('node', manifests, async (aside) => {
    for (const file of manifests) cpSync(file, join(aside, file.slice(from.length)));
    const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    await runToEnd(install, { cwd: aside, timeoutMs: installTimeoutMs });
  });
  for (const program of ['contract.mjs', 'kafkajs.mjs', 'platformatic.mjs']) {
    cpSync(join(from, program), join(directory, program));
  }
  const modules = join(directory, 'node_modules');
  const names = [
    `node-${process.platform}-${process.arch}`,
    `node-bin-${process.platform}-${process.arch}`,
  ];
  const binaries = names.map((name) => join(modules, name, 'bin', 'node')).filter(existsSync);
  const node = binaries[0];
  if (node === undefined) throw new Missing(`no Node package for ${names[0]}`);
  return { command: (program) => [node, join(directory, `${program}.mjs`)] };
}

async function preparePython(): Promise<Toolchain> {
  need('python3');
  const from = join(sources, 'python');
  const requirements = join(from, 'requirements.txt');
  // Not a virtual environment: its scripts hold absolute paths and could not be renamed.
  const directory = await madeOnce('python', [requirements], async (aside) => {
    const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check'];
    const target = ['--target', join(aside, 'packages'), '-r', requirements];
    await runToEnd(['python3', ...install, ...target], { timeoutMs: installTimeoutMs });
  });
  const env = `PYTHONPATH=${join(directory, 'packages')}`;
  const start = ['env', env, 'PYTHONDONTWRITEBYTECODE=1', 'python3'];
  return { command: (program) => [...start, join(from, `${program}.py`)] };
}

/** Every file of a client folder. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

async function prepareGo(): Promise<Toolchain> {
  need('go');
  const from = join(sources, 'go');
  const binaries = await madeOnce('go', filesOf(from), async (aside) => {
    const build = ['go', 'build', '-o', `${aside}/`, './franz', './sarama'];
    await runToEnd(build, { cwd: from, timeoutMs: installTimeoutMs });
  });
  return { command: (program) => [join(binaries, program)] };
}

async function prepareJava(): Promise<Toolchain> {
  need('java', 'javac', 'mvn');
  const kafka = await prepareKafka();
  const files = filesOf(join(sources, 'java'));
  // Compiled anew for another Kafka as well.
  const classes = await madeOnce('java', [...files, kafkaPom], async (aside) => {
    await runToEnd(['javac', '-d', aside, '-cp', kafka.classPath, ...files]);
  });
  return { kafka, command: (program) => kafka.command(program, [shortLived], classes) };
}

const makers: Record<ToolchainName, () => Promise<Toolchain>> = {
  kcat: prepareKcat,
  node: prepareNode,
  python: preparePython,
  go: prepareGo,
  java: prepareJava,
};

/**
 * Prepares a toolchain.
 * @throws Missing when this machine has not got it; any other error is a failure.
 */
export function prepare(name: ToolchainName): Promise<Toolchain> {
  return makers[name]();
}
