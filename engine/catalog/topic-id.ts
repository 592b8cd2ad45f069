import { randomBytes } from 'node:crypto';

/** What stands for "no topic id" on the wire: 16 zero bytes. */
export const zeroTopicId = 'AAAAAAAAAAAAAAAAAAAAAA';

/**
 * A random version 4 UUID as Kafka writes it: base64url, 22 characters. Like Kafka's, it never
 * starts with a dash, which command-line tools would take for an option.
 */
export function randomTopicId(): string {
  for (;;) {
    const bytes = randomBytes(16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const id = bytes.toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

export function isTopicId(text: string): boolean {
  return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text);
}
