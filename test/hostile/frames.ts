/** Frames as no client sends them. */

/** A frame that says how long it is, whatever it holds. */
export function framed(body: Uint8Array, length = body.length): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  return Buffer.concat([prefix, body]);
}

/** A request header without a client id, with the tagged fields of the flexible ones, and any body. */
export function headed(
  apiKey: number,
  version: number,
  flexible: boolean,
  body: Uint8Array,
  correlationId = 0,
): Buffer {
  const header = Buffer.alloc(flexible ? 11 : 10);
  header.writeInt16BE(apiKey, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(correlationId, 4);
  header.writeInt16BE(-1, 8);
  return framed(Buffer.concat([header, body]));
}

/** Correlation ids of the responses that lie back to back. */
export function correlationIdsIn(bytes: Buffer): number[] {
  const ids: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 4 + bytes.readInt32BE(at)) {
    ids.push(bytes.readInt32BE(at + 4));
  }
  return ids;
}
