/**
 * What a topic may be called: the one place that knows. Names are plain Kafka names on the
 * embedded backend; the tenant and namespace forms of a Pulsar backend would be resolved here.
 */

/** Longest name that still leaves room for `-<partition>` and a suffix in a file name. */
export const maxTopicNameLength = 249;

/** Kafka's topic of group state and committed offsets. */
export const offsetsTopic = '__consumer_offsets';

/** Kafka's own topics: clients may read them, and only coordinators write them. */
const internalTopics: ReadonlySet<string> = new Set([
  offsetsTopic,
  '__transaction_state',
  '__share_group_state',
]);

export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name);
}

/** Null for a legal name, else the message that Kafka gives for it. */
export function topicNameFault(name: string): string | null {
  const reason = illegality(name);
  return reason === null ? null : `Topic name is invalid: ${reason}`;
}

function illegality(name: string): string | null {
  if (name.length === 0) return 'the empty string is not allowed';
  if (name === '.' || name === '..') return `'${name}' is not allowed`;
  if (name.length > maxTopicNameLength) {
    return `the length of '${name}' is longer than the max allowed length ${maxTopicNameLength}`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return (
      `'${name}' contains one or more characters other than ` +
      "ASCII alphanumerics, '.', '_' and '-'"
    );
  }
  return null;
}

/** Two names collide when they differ only in `.` and `_`: metric names fold one into the other. */
export function collisionKey(name: string): string {
  return name.includes('.') ? name.replaceAll('.', '_') : name;
}
