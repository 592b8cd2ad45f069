import { setTimeout } from 'node:timers/promises';
import type { Random } from '../crash/random.js';
import type { Cluster } from './cluster.js';
import type { NodeProcess } from './node-process.js';

/** What happens to a cluster under load, drawn beforehand. */
export interface Blow {
  readonly name: string;
  /** Resolves when it has happened; the load goes on meanwhile. */
  strike(cluster: Cluster, owner: NodeProcess): Promise<void>;
}

const shortestMs = 1_000;
const longestMs = 6_000;
/** More than a lease lasts. */
const longestStopMs = 12_000;
const leastStopMs = 8_000;

function killingNode(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  return {
    name: `kill -9 of the owner after ${ms} ms of load`,
    async strike(_, owner) {
      await setTimeout(ms);
      await owner.kill();
    },
  };
}

function killingPulsar(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  return {
    name: `kill -9 of Pulsar after ${ms} ms of load`,
    async strike(cluster) {
      await setTimeout(ms);
      await cluster.killPulsar();
    },
  };
}

function killingBoth(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  const betweenMs = random.below(longestMs);
  const isPulsarFirst = random.oneIn(2);
  const order = isPulsarFirst ? 'Pulsar, then the owner' : 'the owner, then Pulsar';
  return {
    name: `kill -9 of ${order} ${betweenMs} ms later`,
    async strike(cluster, owner) {
      await setTimeout(ms);
      const first = isPulsarFirst ? cluster.killPulsar() : owner.kill();
      await setTimeout(betweenMs);
      const second = isPulsarFirst ? owner.kill() : cluster.killPulsar();
      await Promise.all([first, second]);
    },
  };
}

function stoppingNode(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  const stopMs = random.between(leastStopMs, longestStopMs);
  return {
    name: `the owner hangs for ${stopMs} ms after ${ms} ms of load`,
    async strike(_, owner) {
      await setTimeout(ms);
      owner.signal('SIGSTOP');
      await setTimeout(stopMs);
      owner.signal('SIGCONT');
      // Another node has taken over, which it finds out; unless that one was slow, too.
      await Promise.race([owner.exited, setTimeout(longestStopMs)]);
    },
  };
}

function unloading(random: Random): Blow {
  const times = random.between(1, 3);
  return {
    name: `topics are unloaded ${times} times`,
    async strike(cluster) {
      for (let i = 0; i < times; i++) {
        await setTimeout(random.between(shortestMs, longestMs));
        await cluster.unload();
      }
      await setTimeout(longestMs);
    },
  };
}

const all = [
  killingNode,
  killingPulsar,
  killingNode,
  killingBoth,
  killingPulsar,
  stoppingNode,
  unloading,
];

/** Each in turn, so that few cycles have seen the most. */
export function drawBlow(random: Random, cycle: number): Blow {
  return (all[cycle % all.length] as (random: Random) => Blow)(random);
}
