import {
  type Command,
  LookupResult,
  ServerError,
} from '../../../engine/protocol/pulsar/commands.js';
import type { Move, PulsarConnection } from './connection.js';
import type { Connections, Purpose } from './connections.js';
import { ConnectionLost, PulsarError } from './errors.js';
import { type BrokerAddress, parseServiceUrl } from './service-url.js';

/** Brokers that send a lookup on, one after another; more is a circle. */
const maxRedirects = 20;

/** The broker that serves a topic. */
export interface Owner {
  readonly address: BrokerAddress;
  /** What a Pulsar proxy has to be told; null without one. */
  readonly proxyToBrokerUrl: string | null;
}

/** Finds out which broker serves a topic: asking is what makes a broker load it. */
export class Lookup {
  readonly #connections: Connections;
  readonly #service: readonly BrokerAddress[];
  /** Where a broker has sent a topic: tried once before anybody is asked. */
  readonly #assigned = new Map<string, BrokerAddress>();
  /** Topics that have left the cluster, and where they went. */
  readonly #migrated = new Map<string, readonly BrokerAddress[]>();
  /** Brokers are reached through a proxy. */
  #isProxied = false;

  constructor(connections: Connections, service: readonly BrokerAddress[]) {
    this.#connections = connections;
    this.#service = service;
    connections.onMove((move) => this.#moved(move));
  }

  /** Rejects with PulsarError, or with ConnectionLost if no broker answers. */
  async ownerOf(topic: string): Promise<Owner> {
    const assigned = this.#assigned.get(topic);
    this.#assigned.delete(topic);
    if (assigned !== undefined) return { address: assigned, proxyToBrokerUrl: null };
    const addresses = this.#migrated.get(topic) ?? this.#service;
    let connection = await this.#anyOf(addresses);
    let authoritative = false;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const answer: Command = await connection.request('lookup', { topic, authoritative });
      if (answer.name !== 'lookupResponse') throw unexpected(answer.name, topic);
      const {
        response,
        error,
        message = '',
        brokerServiceUrl,
        brokerServiceUrlTls,
      } = answer.fields;
      if (response === LookupResult.failed) {
        throw new PulsarError(error ?? ServerError.UnknownError, `${topic}: ${message}`);
      }
      const service = addresses[0] as BrokerAddress;
      const url = service.tls ? brokerServiceUrlTls : brokerServiceUrl;
      const [address] = url === undefined ? [] : parseServiceUrl(url);
      if (url === undefined || address === undefined) {
        throw new Error(`${topic}: the lookup names no broker for ${service.tls ? 'TLS' : 'TCP'}`);
      }
      if (response === LookupResult.connect) {
        this.#isProxied = answer.fields.proxyThroughServiceUrl === true;
        if (!this.#isProxied) {
          return { address, proxyToBrokerUrl: null };
        }
        return { address: service, proxyToBrokerUrl: `${address.host}:${address.port}` };
      }
      authoritative = answer.fields.authoritative ?? false;
      connection = await this.#connections.to(address, 'control');
    }
    throw new Error(`${topic}: more than ${maxRedirects} brokers sent the lookup on`);
  }

  /** A connection to the broker that serves a topic. */
  async connectionFor(topic: string, purpose: Purpose): Promise<PulsarConnection> {
    const { address, proxyToBrokerUrl } = await this.ownerOf(topic);
    return this.#connections.to(address, purpose, proxyToBrokerUrl);
  }

  /** Partitions of a topic; 0 for one that is not partitioned. Rejects with PulsarError TopicNotFound. */
  async partitionsOf(topic: string): Promise<number> {
    const connection = await this.anyBroker();
    const answer = await connection.request('partitionedMetadata', {
      topic,
      metadataAutoCreationEnabled: false,
    });
    if (answer.name !== 'partitionedMetadataResponse') throw unexpected(answer.name, topic);
    const { error, message = '', partitions = 0 } = answer.fields;
    if (error !== undefined) throw new PulsarError(error, `${topic}: ${message}`);
    return partitions;
  }

  /** A connection to the first of the service's addresses that answers. Rejects with ConnectionLost. */
  anyBroker(): Promise<PulsarConnection> {
    return this.#anyOf(this.#service);
  }

  async #anyOf(service: readonly BrokerAddress[]): Promise<PulsarConnection> {
    let failure: unknown;
    for (const address of service) {
      try {
        return await this.#connections.to(address, 'control');
      } catch (error) {
        failure = error;
      }
    }
    throw new ConnectionLost('no Pulsar broker answers', { cause: failure });
  }

  #moved({ topic, url, leavesCluster }: Move): void {
    let addresses: readonly BrokerAddress[];
    try {
      addresses = parseServiceUrl(url);
    } catch {
      // A lookup tells where it is.
      return;
    }
    const [address] = addresses;
    if (address === undefined) return;
    if (leavesCluster) this.#migrated.set(topic, addresses);
    // Behind a proxy nobody else reaches it.
    else if (!this.#isProxied) this.#assigned.set(topic, address);
  }
}

function unexpected(name: string, topic: string): Error {
  return new Error(`${topic}: a lookup was answered with ${name}`);
}
