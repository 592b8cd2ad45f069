import { setTimeout } from 'node:timers/promises';
import type { BrokerProcess } from './broker-process.js';
import { type KillPoint, killPoints } from './kill-hook.js';
import type { Random } from './random.js';

/** How a cycle's broker dies, drawn beforehand. */
export interface Blow {
  readonly name: string;
  /** For `kill-hook.ts`, from the broker's start on. */
  readonly killAt?: string;
  /** Kills the broker so long after its start, ready or not. */
  readonly killAfterMs?: number;
  /** Under load: resolves when the broker is dead. */
  strike(broker: BrokerProcess): Promise<void>;
}

/** How often an operation is done in a cycle, about. */
const countsOf: { readonly [point in KillPoint]: number } = {
  roll: 4,
  behindRoll: 4,
  write: 200,
  checkpoint: 10,
  directory: 16,
  cut: 3,
  sync: 30,
};
const shortestMs = 50;
const longestMs = 1_200;
/** A thread that died has a successor by then. */
const replacementMs = 300;
const slowestShutdownMs = 400;
const slowestStartMs = 1_500;

async function killAfter(ms: number, broker: BrokerProcess): Promise<void> {
  await Promise.race([setTimeout(ms, null, { ref: false }), broker.ended]);
  await broker.kill();
}

function killing(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  return { name: `kill -9 after ${ms} ms of load`, strike: (broker) => killAfter(ms, broker) };
}

function stopping(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  const graceMs = random.below(slowestShutdownMs);
  return {
    name: `kill -9 ${graceMs} ms into a shutdown`,
    async strike(broker) {
      await setTimeout(ms);
      broker.terminate();
      await killAfter(graceMs, broker);
    },
  };
}

function threadDying(random: Random): Blow {
  const ms = random.between(shortestMs, longestMs);
  const deaths = [random.pick(['throw', 'exit', 'write'] as const)];
  if (random.oneIn(2)) deaths.push(random.pick(['throw', 'exit', 'write'] as const));
  return {
    name: `a thread dies by ${deaths.join(', then by ')}; then kill -9`,
    async strike(broker) {
      for (const death of deaths) {
        await setTimeout(ms);
        broker.killThread(death);
      }
      await setTimeout(random.below(replacementMs));
      await broker.kill();
    },
  };
}

function atOperation(random: Random): Blow {
  const point = random.pick(Object.keys(killPoints) as KillPoint[]);
  const killAt = `${point}:${random.between(1, countsOf[point])}`;
  return {
    name: `kill -9 at ${killAt}`,
    killAt,
    strike: (broker) => killAfter(2 * longestMs, broker),
  };
}

function atStart(random: Random): Blow {
  const killAfterMs = random.between(shortestMs, slowestStartMs);
  return { ...killing(random), name: `kill -9 ${killAfterMs} ms after the start`, killAfterMs };
}

/** Draws one. */
export function drawBlow(random: Random): Blow {
  return random.pick([killing, killing, stopping, threadDying, atOperation, atOperation, atStart])(
    random,
  );
}
