/**
 * A ZooKeeper of its own for a Pulsar standalone that is to be killed: in the standalone's own metadata the registration
 * of a dead bookie stays, and the next one fights it for ever.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { shortLived } from './kafka.js';
import { freePort } from './pulsar.js';
import { askWord, removeEphemerals } from './zookeeper-sessions.js';

const startTimeoutMs = 60_000;
/** Of a client that says nothing any more. A Pulsar that loses its session although it lives does not recover. */
const sessionTimeoutMs = 10_000;

export interface ZooKeeper {
  /** For Pulsar. */
  readonly url: string;
  /** Forgets a Pulsar that was killed, before which the next one must not start. */
  forget(): Promise<void>;
  stop(): Promise<void>;
}

/** `home` is what `preparePulsar` returned. Resolves when it answers. */
export async function startZooKeeper(home: string, dataDir: string): Promise<ZooKeeper> {
  const port = await freePort();
  mkdirSync(dataDir, { recursive: true });
  const config = join(dataDir, 'zoo.cfg');
  const lines = {
    tickTime: 1_000,
    minSessionTimeout: 2_000,
    maxSessionTimeout: sessionTimeoutMs,
    dataDir: join(dataDir, 'data'),
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    'admin.enableServer': false,
    maxClientCnxns: 0,
    '4lw.commands.whitelist': 'ruok, dump',
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(config, text.join(''));
  const log = openSync(join(dataDir, 'zookeeper.log'), 'a');
  const child = spawn(join(home, 'bin', 'pulsar'), ['zookeeper'], {
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      PULSAR_ZK_CONF: config,
      PULSAR_LOG_DIR: join(dataDir, 'logs'),
      PULSAR_MEM: '-Xms32m -Xmx128m',
      PULSAR_GC: '-XX:+UseSerialGC',
      PULSAR_EXTRA_OPTS: shortLived,
      PULSAR_GC_LOG: ' ',
    },
  });
  closeSync(log);
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('close', () => process.off('exit', orphaned));
  await untilAnswering(child, port);
  return {
    url: `zk:127.0.0.1:${port}`,
    forget: () => removeEphemerals(port),
    stop: () => stopped(child),
  };
}

async function untilAnswering(child: ChildProcess, port: number): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await answers(port))) {
    const isOver = child.exitCode !== null || performance.now() > deadlineMs;
    if (isOver) {
      child.kill('SIGKILL');
      throw new Error('ZooKeeper did not start');
    }
    await delay(100);
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await askWord(port, 'ruok')) === 'imok';
  } catch {
    return false;
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((done) => child.once('close', done));
  child.kill('SIGKILL');
  await closed;
}
