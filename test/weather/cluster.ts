import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort, type Pulsar, startPulsar } from '../peers/pulsar.js';
import { startZooKeeper, type ZooKeeper } from '../peers/zookeeper.js';
import { NodeProcess } from './node-process.js';
import { cutTornEntry } from './torn-journal.js';

const pollMs = 100;
/** Until somebody serves: Pulsar's start, the lease of who is gone, and all partitions, on a busy machine. */
const serviceLimitMs = 300_000;

interface PulsarPorts {
  readonly port: number;
  readonly httpPort: number;
}

export interface ClusterOptions {
  /** What `preparePulsar` returned. */
  readonly home: string;
  /** For data and logs, and for nothing else. */
  readonly directory: string;
  /** Told what happens beside the weather. */
  readonly report: (line: string) => void;
}

/** Two Kopje nodes in front of one Pulsar, of which each may be killed. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #ports: PulsarPorts;
  readonly #zooKeeper: ZooKeeper;
  #pulsar: Pulsar | null = null;
  #nodes: NodeProcess[] = [];
  #started = 0;

  private constructor(options: ClusterOptions, zooKeeper: ZooKeeper, ports: PulsarPorts) {
    this.#options = options;
    this.#zooKeeper = zooKeeper;
    this.#ports = ports;
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { home, directory } = options;
    const zooKeeper = await startZooKeeper(home, join(directory, 'zookeeper'));
    const ports = { port: await freePort(), httpPort: await freePort() };
    const cluster = new Cluster(options, zooKeeper, ports);
    // One that is new has no tenants yet when it begins to answer.
    await cluster.#startPulsar();
    await cluster.mend();
    return cluster;
  }

  get serviceUrl(): string {
    return `pulsar://127.0.0.1:${this.#ports.port}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.#ports.httpPort}`;
  }

  /** The largest of the nodes. */
  get residentBytes(): number {
    return Math.max(0, ...this.#nodes.map((node) => node.residentBytes));
  }

  /** Starts what is not there: nodes do not wait for Pulsar. */
  async mend(): Promise<void> {
    this.#nodes = this.#nodes.filter((node) => node.isAlive);
    while (this.#nodes.length < 2) this.#nodes.push(await this.#startNode());
    await this.#startPulsar();
  }

  /** The node that serves, once there is one. Throws if nobody does for too long. */
  async serving(): Promise<NodeProcess> {
    const deadlineMs = performance.now() + serviceLimitMs;
    while (performance.now() < deadlineMs) {
      for (const node of this.#nodes) if (await node.isReady()) return node;
      await setTimeout(pollMs);
    }
    throw new Error(`nobody served for ${serviceLimitMs} ms`);
  }

  async killPulsar(): Promise<void> {
    await this.#pulsar?.kill();
    this.#pulsar = null;
    const { directory, report } = this.#options;
    const torn = cutTornEntry(join(directory, 'pulsar', 'bookkeeper', 'current'));
    if (torn !== null) {
      report(`the bookie's journal ended within ${torn.ledgerId}:${torn.entryId}; it was cut off`);
    }
    await this.#zooKeeper.forget();
  }

  /** Moves every topic, as to another broker. */
  async unload(): Promise<void> {
    const url = `${this.adminUrl}/admin/v2/namespaces/public/default/unload`;
    const { status } = await fetch(url, { method: 'PUT' });
    if (status >= 300) throw new Error(`unload: ${status}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill()));
    await this.#pulsar?.kill();
    await this.#zooKeeper.stop();
  }

  async #startPulsar(): Promise<void> {
    if (this.#pulsar !== null) return;
    const { home, directory } = this.#options;
    const [ports, zooKeeper] = [this.#ports, this.#zooKeeper];
    const dataDir = join(directory, 'pulsar');
    this.#pulsar = await startPulsar({ home, dataDir, ports, zooKeeper });
  }

  #startNode(): Promise<NodeProcess> {
    const brokerId = ++this.#started;
    return NodeProcess.start({
      brokerId,
      logFile: join(this.#options.directory, `kopje-${brokerId}.log`),
      settings: {
        backend: this.serviceUrl,
        pulsarAdminUrl: this.adminUrl,
        workers: 2,
        offsetsTopicNumPartitions: 4,
        groupInitialRebalanceDelayMs: 0,
      },
    });
  }
}
