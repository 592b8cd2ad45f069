import { setTimeout } from 'node:timers/promises';
import { heldAtRest, type Metrics } from '../metrics.js';
import { RawClient } from '../raw-client.js';
import {
  administer,
  comeAndGoConnections,
  comeAndGoMembers,
  comeAndGoTopics,
} from './load/comings.js';
import { readNothing, sendDamage, sendHalves, sendRubbish } from './load/hostile.js';
import { consume, produceKeys, produceSizes, produceUnasked } from './load/records.js';
import { Stage } from './load/stage.js';
import { createTopic, stayingTopics } from './load/topics.js';
import type { Holdings, SoakedBroker } from './soaked-broker.js';

const players = [
  produceSizes,
  produceSizes,
  produceKeys,
  produceUnasked,
  consume('short', false),
  consume('compacted', false),
  consume('short', true),
  consume('compacted', true),
  comeAndGoTopics,
  comeAndGoConnections,
  comeAndGoMembers('group-a'),
  comeAndGoMembers('group-b'),
  administer,
  sendRubbish,
  sendHalves,
  sendDamage,
  readNothing,
];

/** Longer than what the broker allows a half request and a reply that nobody reads. */
const restLimitMs = 25_000;
const lookIntervalMs = 100;
const sampleIntervalMs = 1_000;

/** What one stretch of load was like, and what was left of it. */
export interface Outcome {
  readonly done: ReadonlyMap<string, number>;
  /** Highest value of each metric while it went on. */
  readonly peaks: ReadonlyMap<string, number>;
  readonly holdings: Holdings;
  /** Metrics that did not come back to nothing. */
  readonly held: readonly string[];
  readonly metrics: Metrics;
}

export async function prepare(port: number): Promise<void> {
  const client = await RawClient.connect(port);
  for (const [name, { partitions, configs }] of Object.entries(stayingTopics)) {
    await createTopic(client, name, partitions, configs);
  }
  client.close();
}

/** Puts load on the broker for so long, then leaves it in peace and looks at what it still holds. */
export async function soak(broker: SoakedBroker, loadMs: number): Promise<Outcome> {
  const stage = new Stage(broker.port);
  const peaks = new Map<string, number>();
  const playing = stage.run(players, loadMs);
  const sampling = sample(broker, stage, peaks);
  await playing;
  await sampling;
  const { held, metrics } = await rest(broker);
  return { done: stage.done, peaks, holdings: await broker.holdings(), held, metrics };
}

async function sample(
  broker: SoakedBroker,
  stage: Stage,
  peaks: Map<string, number>,
): Promise<void> {
  while (stage.active) {
    for (const [name, value] of await broker.metrics()) {
      peaks.set(name, Math.max(peaks.get(name) ?? 0, value));
    }
    await stage.pause(sampleIntervalMs);
  }
}

async function rest(broker: SoakedBroker): Promise<{ held: string[]; metrics: Metrics }> {
  const limitMs = performance.now() + restLimitMs;
  for (;;) {
    const metrics = await broker.metrics();
    const held = heldAtRest(metrics);
    if (held.length === 0 || performance.now() > limitMs) return { held, metrics };
    await setTimeout(lookIntervalMs);
  }
}
