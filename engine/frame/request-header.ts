/** The fixed part of every request: key, version, correlation id, client id (KIP-482 for the tags). */
export interface RequestHeader {
  apiKey: number;
  apiVersion: number;
  correlationId: number;
  clientId: string | null;
  /** First byte of the body. */
  bodyStart: number;
}

/** Shortest request: key, version, correlation id. */
const fixedBytes = 8;

/** The API key of a frame, without reading the rest. */
export function peekApiKey(view: Buffer, start: number): number {
  return view.readInt16BE(start);
}

/** The API version of a frame. */
export function peekApiVersion(view: Buffer, start: number): number {
  return view.readInt16BE(start + 2);
}

/** True if a frame is long enough to have the fixed part of a header. */
export function hasHeader(start: number, end: number): boolean {
  return end - start >= fixedBytes;
}

/**
 * Reads the header of the frame `[start, end)`. `flexible`: request header v2, whose client id is
 * followed by tagged fields. Returns null for bytes that are no header.
 */
export function readRequestHeader(
  view: Buffer,
  start: number,
  end: number,
  flexible: boolean,
): RequestHeader | null {
  if (!hasHeader(start, end) || end - start < fixedBytes + 2) return null;
  const clientIdLength = view.readInt16BE(start + fixedBytes);
  let at = start + fixedBytes + 2;
  let clientId: string | null = null;
  if (clientIdLength >= 0) {
    if (at + clientIdLength > end) return null;
    clientId = view.toString('utf8', at, at + clientIdLength);
    at += clientIdLength;
  }
  if (flexible) {
    at = skipTaggedFields(view, at, end);
    if (at === -1) return null;
  }
  return {
    apiKey: view.readInt16BE(start),
    apiVersion: view.readInt16BE(start + 2),
    correlationId: view.readInt32BE(start + 4),
    clientId,
    bodyStart: at,
  };
}

/** Position behind a section of tagged fields, or -1 if it does not end within the frame. */
function skipTaggedFields(view: Buffer, start: number, end: number): number {
  const position = { at: start };
  const count = readVarint(view, position, end);
  if (count < 0) return -1;
  for (let field = 0; field < count; field++) {
    if (readVarint(view, position, end) < 0) return -1;
    const length = readVarint(view, position, end);
    if (length < 0 || position.at + length > end) return -1;
    position.at += length;
  }
  return position.at;
}

/** An unsigned varint of at most five bytes, or -1. */
function readVarint(view: Buffer, position: { at: number }, end: number): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    if (position.at >= end) return -1;
    const byte = view[position.at++] as number;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  return -1;
}
