import { ErrorCode } from '../../../engine/protocol/kafka/errors.js';
import {
  createTopicsExchange,
  deleteTopicsExchange,
  describeConfigsExchange,
  incrementalAlterConfigsExchange,
  metadataExchange,
} from '../../exchanges.js';
import type { Connection } from '../connection.js';
import type { Findings } from '../findings.js';
import type { Random } from '../random.js';
import { eventually, type Load } from './load.js';

const prefix = 'made-';
const config = 'retention.ms';
const timeoutMs = 10_000;
const topicResource = 2;
const setOperation = 0;
/** Topics at a time; beyond it the oldest is deleted. */
const mostTopics = 6;

interface Topic {
  readonly name: string;
  readonly partitions: number;
  /** Values that the config may have: more than one while a change of it was not answered. */
  configs: number[];
  /** Not yet known where its creation or deletion was not answered. */
  state: 'there' | 'asked for' | 'asked to go';
}

/** Creates, alters and deletes topics, and knows which of it was answered. */
export class TopicOwner implements Load {
  readonly pauseMs = 30;
  readonly #random: Random;
  readonly #findings: Findings;
  readonly #gone = new Set<string>();
  #topics: Topic[] = [];
  #made = 0;

  constructor(random: Random, findings: Findings) {
    this.#random = random;
    this.#findings = findings;
  }

  async step(connection: Connection): Promise<void> {
    if (this.#topics.length >= mostTopics) await this.#remove(connection, this.#topics[0]!);
    else if (this.#topics.length > 0 && this.#random.oneIn(3)) {
      await this.#alter(connection, this.#random.pick(this.#topics));
    } else await this.#create(connection);
  }

  async settle(): Promise<void> {}

  async check(connection: Connection): Promise<void> {
    const found = await this.#list(connection);
    for (const topic of this.#topics) {
      const partitions = found.get(topic.name);
      if (partitions === undefined) {
        if (topic.state === 'there') this.#findings.add(`${topic.name} was created and is gone`);
        this.#gone.add(topic.name);
      } else if (partitions !== topic.partitions) {
        this.#findings.add(`${topic.name} has ${partitions} of ${topic.partitions} partitions`);
      }
    }
    this.#topics = this.#topics.filter(({ name }) => found.has(name));
    for (const topic of this.#topics) {
      // What was seen stays.
      topic.state = 'there';
      await this.#checkConfig(connection, topic);
    }
    for (const name of found.keys()) {
      if (this.#gone.has(name)) this.#findings.add(`${name} was deleted and is there again`);
    }
  }

  async #create(connection: Connection): Promise<void> {
    const number = this.#made++;
    const value = 100_000_000 + number;
    const partitions = this.#random.between(1, 2);
    const topic: Topic = {
      name: `${prefix}${number}`,
      partitions,
      configs: [value],
      state: 'asked for',
    };
    this.#topics.push(topic);
    const configs = [{ name: config, value: `${value}` }];
    const wanted = { numPartitions: partitions, replicationFactor: 1, configs };
    const request = { topics: [{ name: topic.name, ...wanted }], timeoutMs };
    const { topics } = await connection.ask(createTopicsExchange, request, 5);
    const errorCode = topics[0]?.errorCode;
    if (errorCode === ErrorCode.KAFKA_STORAGE_ERROR) {
      // A partition thread died over it: then there is nothing of the topic.
      this.#gone.add(topic.name);
      this.#topics = this.#topics.filter((one) => one !== topic);
    } else if (this.#isDone('CreateTopics', errorCode)) topic.state = 'there';
  }

  async #alter(connection: Connection, topic: Topic): Promise<void> {
    if (topic.state !== 'there') return;
    const value = topic.configs.at(-1)! + 1_000;
    topic.configs.push(value);
    const configs = [{ name: config, configOperation: setOperation, value: `${value}` }];
    const resource = { resourceType: topicResource, resourceName: topic.name, configs };
    const request = { resources: [resource], validateOnly: false };
    const { responses } = await connection.ask(incrementalAlterConfigsExchange, request, 1);
    if (this.#isDone('AlterConfigs', responses[0]?.errorCode)) topic.configs = [value];
  }

  async #remove(connection: Connection, topic: Topic): Promise<void> {
    topic.state = 'asked to go';
    const request = { topicNames: [topic.name], timeoutMs };
    const { responses } = await connection.ask(deleteTopicsExchange, request, 5);
    if (!this.#isDone('DeleteTopics', responses[0]?.errorCode)) return;
    this.#gone.add(topic.name);
    this.#topics = this.#topics.filter((one) => one !== topic);
  }

  /** Number of partitions of each topic, once all of them have a leader. */
  async #list(connection: Connection): Promise<Map<string, number>> {
    const found = await eventually(async () => {
      const { topics } = await connection.ask(metadataExchange, { topics: null }, 9);
      const ours = topics.filter(({ name }) => name?.startsWith(prefix));
      const isUp = ours.every(({ partitions }) => partitions.every((one) => one.errorCode === 0));
      return isUp ? ours : null;
    });
    if (found === null) this.#findings.add('some partition of a created topic stays offline');
    return new Map(found?.map(({ name, partitions }) => [name ?? '', partitions.length]));
  }

  async #checkConfig(connection: Connection, topic: Topic): Promise<void> {
    const resource = { resourceType: topicResource, resourceName: topic.name };
    const resources = [{ ...resource, configurationKeys: [config] }];
    const { results } = await connection.ask(describeConfigsExchange, { resources }, 4);
    const value = Number(results[0]?.configs[0]?.value);
    if (topic.configs.includes(value)) topic.configs = [value];
    else {
      this.#findings.add(`${topic.name}: ${config} is ${value}, not one of ${topic.configs}`);
    }
  }

  #isDone(api: string, errorCode: number | undefined): boolean {
    if (errorCode === ErrorCode.NONE) return true;
    this.#findings.add(`${api}: error ${errorCode}`);
    return false;
  }
}
