/** Which clients are tested, and what each of them can do. */

import type { ToolchainName } from './toolchains.js';

/** What a program checks by itself, and how it is titled. */
export const walks = {
  admin: 'administrative calls',
  rules: 'what a broker refuses and rewrites',
} as const;
export type Walk = keyof typeof walks;

export interface Client {
  name: string;
  toolchain: ToolchainName;
  /** The program's name in its toolchain's folder. */
  program: string;
  /** Whether it can send a header whose value is null. */
  nullHeaders: boolean;
  /** The assignors its group scenario runs with, each once. */
  assignors: readonly string[];
  /** The assignor with which it can be a static member (KIP-345). */
  staticAssignor?: string;
  /** Lives when a connection breaks under it; kafkajs 2.2 ends with an error that nobody catches. */
  survivesCuts: boolean;
  /**
   * Its members go on when the broker comes back. Those of kafka-python 3.0 stand still, and so do platformatic's:
   * their `consume` and their streams end with whatever error they meet meanwhile, and when they are opened again they join
   * and commit nothing for two minutes. With Kafka 4.3.1, killed alike, both do the same.
   */
  survivesRestarts: boolean;
  /** Walks that it goes by itself, checking each answer: `admin`, `rules`. */
  walks: readonly Walk[];
}

export const clients: readonly Client[] = [
  {
    name: 'java',
    toolchain: 'java',
    program: 'JavaClient',
    nullHeaders: true,
    assignors: ['range', 'cooperative-sticky'],
    staticAssignor: 'cooperative-sticky',
    survivesCuts: true,
    survivesRestarts: true,
    walks: ['admin', 'rules'],
  },
  {
    name: 'confluent-kafka',
    toolchain: 'python',
    program: 'confluent',
    nullHeaders: true,
    assignors: ['range', 'cooperative-sticky'],
    staticAssignor: 'range',
    survivesCuts: true,
    survivesRestarts: true,
    walks: [],
  },
  {
    name: 'franz-go',
    toolchain: 'go',
    program: 'franz',
    nullHeaders: true,
    assignors: ['cooperative-sticky'],
    staticAssignor: 'cooperative-sticky',
    survivesCuts: true,
    survivesRestarts: true,
    walks: ['admin'],
  },
  {
    name: 'kafkajs',
    toolchain: 'node',
    program: 'kafkajs',
    nullHeaders: false,
    assignors: ['roundrobin'],
    survivesCuts: false,
    survivesRestarts: true,
    walks: [],
  },
  {
    name: 'sarama',
    toolchain: 'go',
    program: 'sarama',
    nullHeaders: true,
    assignors: ['range'],
    staticAssignor: 'sticky',
    survivesCuts: true,
    survivesRestarts: true,
    walks: [],
  },
  {
    name: 'aiokafka',
    toolchain: 'python',
    program: 'aio',
    nullHeaders: true,
    assignors: ['roundrobin'],
    staticAssignor: 'range',
    survivesCuts: true,
    survivesRestarts: true,
    walks: [],
  },
  {
    name: 'platformatic',
    toolchain: 'node',
    program: 'platformatic',
    nullHeaders: true,
    assignors: ['roundrobin'],
    survivesCuts: true,
    survivesRestarts: false,
    walks: [],
  },
  {
    name: 'kafka-python',
    toolchain: 'python',
    program: 'kafka_python',
    nullHeaders: false,
    assignors: ['range'],
    staticAssignor: 'roundrobin',
    survivesCuts: true,
    survivesRestarts: false,
    walks: [],
  },
];
