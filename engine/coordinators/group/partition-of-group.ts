import type { GroupHash } from '../../catalog/offsets-layout.js';

/** Java's `String.hashCode`: over UTF-16 units, in 32-bit arithmetic. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  }
  return hash;
}

/**
 * The partition of `__consumer_offsets` that keeps a group: the same as a Kafka broker would choose, or, with `java`, as
 * KoP does. A topic has one rule for ever, or there would be two coordinators for a group.
 */
export function partitionOfGroup(groupId: string, partitions: number, rule: GroupHash): number {
  const hash = javaHashCode(groupId);
  if (rule === 'java') return ((hash % partitions) + partitions) % partitions;
  // Kafka's abs, which makes 0 of the one number whose absolute value is no int.
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitions;
}
