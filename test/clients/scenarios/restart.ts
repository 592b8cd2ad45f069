/**
 * A group whose broker is killed and started again under load: its members stay in it or come back,
 * no record is left out, and what they had committed is still known.
 */

import { Runner } from '../admin.js';
import { type BrokerOptions, startKopje } from '../broker.js';
import type { Client } from '../catalogue.js';
import { Program } from '../process.js';
import { finish, Group, partitions } from './group.js';
import { ownBrokerContext, until } from './scenario.js';

const kills = 3;
const members = ['first', 'second', 'third'];
/** Acknowledgements in each partition to wait for between two kills. */
const acksBetween = 150;

export interface RestartOptions {
  broker: BrokerOptions;
  client: Client;
  command: string[];
  /** The program that produces. */
  load: readonly string[];
}

export async function restartUnderGroup(options: RestartOptions): Promise<void> {
  const { broker, client, command, load } = options;
  let kopje = await startKopje(broker);
  const runner = new Runner(kopje.bootstrap);
  await runner.connect();
  const context = ownBrokerContext(runner, 'restart');
  const topic = `restart-${client.name}`;
  await runner.createTopic(topic, partitions);
  const group = new Group(context, command, topic, client.assignors[0] ?? '');
  /** Offsets of the records of each partition; a new owner of one in Pulsar leaves out some. */
  const acked = Array.from({ length: partitions }, () => new Set<number>());
  const flowing = (when: string, everywhere: number) => {
    const wanted = acked.map(({ size }) => size + everywhere);
    const holds = () => acked.every(({ size }, partition) => size >= (wanted[partition] ?? 0));
    return until(holds, () => `acknowledgements ${when}; ${producer.errors}`);
  };
  const spec = { scenario: 'load', bootstrap: kopje.bootstrap, topic, partitions, name: 'load' };
  const producer = new Program('load', load, spec, (line) => {
    for (const [partition, , offset] of line.acked ?? []) acked[partition]?.add(offset);
  });
  try {
    for (const member of members) group.start(member);
    for (let turn = 0; turn < kills; turn++) {
      await group.settled();
      await flowing(`before kill ${turn + 1}`, acksBetween);
      await kopje.kill();
      kopje = await startKopje(broker);
    }
    // kafkajs gives up at once while a coordinator loads its groups.
    let found = '';
    const allCommitted = async () => {
      try {
        const offsets = await runner.committed(topic, topic);
        found = String(offsets);
        return offsets.every((offset) => offset > 0);
      } catch (error) {
        found = String(error);
        return false;
      }
    };
    await until(allCommitted, () => `all partitions committed: ${found}; ${group.describe()}`);
    await flowing('after the last restart', 1);
    await producer.stop();
    await finish(group, members, acked);
  } finally {
    await Promise.all([group.killAll(), producer.kill()]);
    await runner.close();
    await kopje.stop();
  }
}
