/** Kafka's clients in three languages, each the only member of a group: which offsets they get, and where they stand. */
import type { Test } from 'tap';
import { Program } from '../clients/process.js';
import { prepare, type Toolchain } from '../clients/toolchains.js';

const sessionTimeoutMs = 30_000;

/** A client program, and how its client calls itself to a broker. */
export interface Client {
  readonly name: string;
  readonly command: readonly string[];
  readonly assignor: string;
  readonly clientId: string;
}

export interface Member extends Client {
  /** How often each offset was got, in the order of the first times. */
  readonly seen: ReadonlyMap<number, number>;
  /** Resolves when it has so many of them. */
  got(offsets: number): Promise<void>;
}

export interface KafkaClients {
  readonly java: Client;
  readonly librdkafka: Client;
  readonly franz: Client;
}

/** @throws Missing where a toolchain is. */
export async function kafkaClients(): Promise<KafkaClients> {
  const [java, python, go] = await Promise.all([prepare('java'), prepare('python'), prepare('go')]);
  return {
    java: client('java', java, 'JavaClient', 'consumer-'),
    librdkafka: confluent(python),
    franz: client('franz-go', go, 'franz', 'kgo'),
  };
}

/** @throws Missing without Python. */
export async function librdkafkaClient(): Promise<Client> {
  return confluent(await prepare('python'));
}

function confluent(python: Toolchain): Client {
  return client('librdkafka', python, 'confluent', 'rdkafka');
}

function client(name: string, toolchain: Toolchain, program: string, clientId: string): Client {
  const assignor = name === 'franz-go' ? 'cooperative-sticky' : 'range';
  return { name, command: toolchain.command(program), assignor, clientId };
}

/** Starts a consumer of one topic that ends with the test. */
export function startMember(t: Test, client: Client, bootstrap: string, topic: string): Member {
  const seen = new Map<number, number>();
  let wake: () => void = () => {};
  const { name, command, assignor } = client;
  const group = `${topic}-${name}`;
  const spec = { scenario: 'member', bootstrap, topic, group, assignor, sessionTimeoutMs };
  const program = new Program(name, [...command], spec, (line) => {
    for (const [, start, end] of line.seen ?? []) {
      for (let offset = start; offset < end; offset++) {
        seen.set(offset, (seen.get(offset) ?? 0) + 1);
      }
    }
    wake();
  });
  t.teardown(() => program.kill());
  return {
    ...client,
    seen,
    async got(offsets) {
      while (seen.size < offsets) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
