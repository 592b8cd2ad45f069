/** Bytes from outside that are not what they claim to be. The only exception that decoding throws. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
