/** Java's `String.hashCode`: over UTF-16 units, in 32-bit arithmetic. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  }
  return hash;
}

/** The partition of `__consumer_offsets` that keeps a group: the same as a Kafka broker would choose. */
export function partitionOfGroup(groupId: string, partitions: number): number {
  const hash = javaHashCode(groupId);
  // Kafka's abs, which makes 0 of the one number whose absolute value is no int.
  return (hash === -0x8000_0000 ? 0 : Math.abs(hash)) % partitions;
}
