/** Real Apache Kafka from Maven artifacts: its command-line tools, and a broker of one node. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunOptions, runToEnd } from '../clients/process.js';
import { madeOnce } from './cache.js';
import { reservablePort } from './ports.js';
import { need } from './programs.js';

/** Names Kafka's artifacts and their version. */
export const kafkaPom = resolve('test', 'peers', 'pom.xml');

const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const startTimeoutMs = 90_000;

/** For programs that live for seconds: the first compiler tier alone halves their CPU time. */
export const shortLived = '-XX:TieredStopAtLevel=1';

const loggingConfig = `status=error
appender.c.type=Console
appender.c.name=C
appender.c.target=SYSTEM_ERR
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=\${sys:kafka.log.level:-warn}
rootLogger.appenderRef.c.ref=C
`;

/** Kafka's jars and how to start its classes. */
export class KafkaHome {
  readonly classPath: string;
  readonly #logging: string;

  constructor(directory: string) {
    this.classPath = join(directory, 'libs', '*');
    this.#logging = join(directory, 'log4j2.properties');
  }

  /** The command that runs a class, with `jvmOptions` and more class path in front. */
  command(className: string, jvmOptions: readonly string[] = [], morePath = ''): string[] {
    const path = morePath === '' ? this.classPath : `${morePath}:${this.classPath}`;
    const logging = `-Dlog4j2.configurationFile=${this.#logging}`;
    return ['java', '-Xmx512m', '-XX:+UseSerialGC', ...jvmOptions, logging, '-cp', path, className];
  }

  /** Runs a tool to its end; names without a dot are under `org.apache.kafka.tools`. */
  async tool(name: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const known = name.startsWith('org.') || name.startsWith('kafka.');
    const className = known ? name : `org.apache.kafka.tools.${name}`;
    const command = this.command(className, [shortLived]);
    return (await runToEnd([...command, ...args], options)).toString();
  }
}

/**
 * Resolves Kafka's artifacts through Maven, once.
 * @throws Missing when Java or Maven is; Error when an artifact cannot be had.
 */
export async function prepareKafka(): Promise<KafkaHome> {
  need('java', 'mvn');
  const directory = await madeOnce('kafka', [kafkaPom], async (aside) => {
    const goal = [copyGoal, `-DoutputDirectory=${join(aside, 'libs')}`, '-DincludeScope=runtime'];
    await runToEnd(['mvn', '-q', '-B', '-f', kafkaPom, ...goal], {
      timeoutMs: 600_000,
      merge: true,
    });
    writeFileSync(join(aside, 'log4j2.properties'), loggingConfig);
  });
  return new KafkaHome(directory);
}

export interface KafkaOptions {
  /** Plain listener on 127.0.0.1; see `reservablePort`. The controller takes one of its own. */
  port: number;
  /** It is formatted here unless a broker has used it before. */
  dataDir: string;
  /** As Kafka's own start script has it unless given. */
  heap?: string;
  /** More `name=value` lines of server.properties. */
  properties?: readonly string[];
}

export interface KafkaBroker {
  readonly bootstrap: string;
  readonly pid: number;
  /** When its process was started, ms of `performance.now()`. */
  readonly spawnedAtMs: number;
  stop(): Promise<void>;
}

/** Starts a broker with Kafka's own JVM flags. */
export async function startKafka(home: KafkaHome, options: KafkaOptions): Promise<KafkaBroker> {
  const { port, dataDir, heap = '1g', properties = [] } = options;
  const bootstrap = `127.0.0.1:${port}`;
  const controller = `127.0.0.1:${await reservablePort()}`;
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'server.properties');
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${controller}`,
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://${bootstrap},CONTROLLER://${controller}`,
    `advertised.listeners=PLAINTEXT://${bootstrap}`,
    `log.dirs=${join(dataDir, 'logs')}`,
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    ...properties,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  if (!existsSync(join(dataDir, 'logs', 'meta.properties'))) {
    // In one word: an id may begin with a dash.
    const id = `--cluster-id=${randomBytes(16).toString('base64url')}`;
    await home.tool('kafka.tools.StorageTool', ['format', id, '-c', file], { merge: true });
  }
  const logFile = join(dataDir, 'server.log');
  const log = openSync(logFile, 'a');
  const flags = [
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-XX:InitiatingHeapOccupancyPercent=35',
  ];
  const memory = [`-Xms${heap}`, `-Xmx${heap}`, '-XX:-UseSerialGC'];
  const [java = '', ...args] = home.command('kafka.Kafka', [...memory, ...flags]);
  const spawnedAtMs = performance.now();
  const child = spawn(java, [...args, file], { stdio: ['ignore', log, log] });
  closeSync(log);
  // Whatever ends this process early must not leave a broker behind.
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('close', () => process.off('exit', orphaned));
  await untilAnswering(child, port, logFile);
  return { bootstrap, pid: child.pid ?? 0, spawnedAtMs, stop: () => stopped(child) };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((done) => child.once('close', done));
  child.kill('SIGTERM');
  await closed;
}

/** Waits until an ApiVersions request is answered, which is when the broker takes any other. */
async function untilAnswering(child: ChildProcess, port: number, logFile: string): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null) {
      throw new Error(`Kafka ended with ${child.exitCode} at its start; see ${logFile}`);
    }
    if (performance.now() > deadlineMs) {
      child.kill('SIGKILL');
      throw new Error(`Kafka did not answer within ${startTimeoutMs} ms`);
    }
    await delay(100);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => {
      // Size 10, ApiVersions (18) version 0, correlation id 1, no client id.
      socket.write(Buffer.from('0000000a0012000000000001ffff', 'hex'));
    });
    const end = (result: boolean) => {
      socket.destroy();
      answer(result);
    };
    socket.setTimeout(2000, () => end(false));
    socket.on('data', () => end(true));
    socket.on('error', () => end(false));
  });
}
