import type { Settings } from '../config/schema.js';
import { offsetsTopic } from './topic-name.js';

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** Already checked, as `parseTopicConfigs` returns them. */
  readonly overrides: ReadonlyMap<string, string>;
}

/**
 * What automatic creation makes of a name: for the group coordinator's topic as Kafka makes it,
 * else the defaults.
 */
export function autoTopic(name: string, settings: Settings): NewTopic {
  if (name === offsetsTopic) {
    return {
      name,
      partitions: settings.offsetsTopicNumPartitions,
      overrides: new Map([
        ['cleanup.policy', 'compact'],
        ['compression.type', 'producer'],
        ['segment.bytes', String(settings.offsetsTopicSegmentBytes)],
      ]),
    };
  }
  return { name, partitions: settings.numPartitions, overrides: new Map() };
}
