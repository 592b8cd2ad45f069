/** How the topic of committed offsets is kept. */
export interface OffsetsLayout {
  /** Which partition keeps a group: for names with a negative hash, KoP takes another one than Kafka. */
  readonly groupHash: GroupHash;
  /** Records are written so that KoP can read them. */
  readonly forKop: boolean;
  /** The log keeps every record: what they come to is written anew now and then, and loading begins there. */
  readonly needsSnapshots: boolean;
  /** The one name under which offsets are kept here, of several that mean the same topic. */
  shortName(topic: string): string;
  /** The name of a topic in records for KoP. */
  fullName(topic: string): string;
}

export type GroupHash = 'kafka' | 'java';

/** Where nobody but Kafka has been: a topic has one name, and compaction bounds the log. */
export const kafkaOffsetsLayout: OffsetsLayout = {
  groupHash: 'kafka',
  forKop: false,
  needsSnapshots: false,
  shortName: (topic) => topic,
  fullName: (topic) => topic,
};
