/** Pulsar's own clients, each a small program that writes or reads a topic and prints a line a message. */
import { join, resolve } from 'node:path';
import { runToEnd } from '../../clients/process.js';
import { madeOnce } from '../../peers/cache.js';
import { shortLived } from '../../peers/kafka.js';
import { need } from '../../peers/programs.js';
import { preparePulsar } from '../../peers/pulsar.js';
import { serviceUrl } from '../peer.js';

const sources = resolve('test', 'pulsar', 'clients');
const installTimeoutMs = 600_000;

/** A message as a client sent or got it; byte strings in base64, null where it has none. */
export interface ClientMessage {
  readonly key: string | null;
  readonly orderingKey: string | null;
  readonly value: string | null;
  /** Ms, 0 for none. */
  readonly eventTime: number;
  /** Name and text of each property, both in base64, in the order of their names. */
  readonly properties: readonly string[];
}

export interface PulsarClient {
  /**
   * `verb` is `produce`, or `consume` with the number of messages. Java's has `chunks`, `schema` and `encrypted` as
   * well, and does several in turn, with commas between.
   */
  run(verb: string, topic: string, count?: number): Promise<ClientMessage[]>;
}

function clientOf(command: readonly string[]): PulsarClient {
  return {
    async run(verb, topic, count = 0) {
      const words = [...command, verb, serviceUrl, topic, String(count)];
      const text = (await runToEnd(words)).toString();
      return (
        text
          .split('\n')
          // The Java client logs to standard output too.
          .filter((line) => line.startsWith('message\t'))
          .map(parseLine)
      );
    },
  };
}

function parseLine(line: string): ClientMessage {
  const [, key = '', orderingKey = '', value = '', time = '', properties = ''] = line.split('\t');
  const bytes = (field: string): string | null => (field === '-' ? null : field);
  return {
    key: bytes(key),
    orderingKey: bytes(orderingKey),
    value: bytes(value),
    eventTime: Number(time),
    properties: properties === '' ? [] : properties.split(','),
  };
}

/** @throws Missing without Python */
export async function pythonClient(): Promise<PulsarClient> {
  need('python3');
  const requirements = join(sources, 'requirements.txt');
  const directory = await madeOnce('pulsar-python', [requirements], async (aside) => {
    const install = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check'];
    const target = ['--target', join(aside, 'packages'), '-r', requirements];
    await runToEnd(['python3', ...install, ...target], { timeoutMs: installTimeoutMs });
  });
  const environment = [`PYTHONPATH=${join(directory, 'packages')}`, 'PYTHONDONTWRITEBYTECODE=1'];
  return clientOf(['env', ...environment, 'python3', join(sources, 'pulsar_peer.py')]);
}

/** The client inside Pulsar's distribution. @throws Missing without Java */
export async function javaClient(): Promise<PulsarClient> {
  need('java', 'javac');
  const libraries = join(await preparePulsar(), 'lib', '*');
  const source = join(sources, 'PulsarPeer.java');
  const classes = await madeOnce('pulsar-java', [source], async (aside) => {
    await runToEnd(['javac', '-d', aside, '-cp', libraries, source]);
  });
  const flags = ['-Xmx256m', shortLived, '-XX:+UseSerialGC'];
  return clientOf(['java', ...flags, '-cp', `${classes}:${libraries}`, 'PulsarPeer']);
}
