/** Bytes that break the protocol: the connection they came on is of no more use. */
export class PulsarFormatError extends Error {
  override readonly name = 'PulsarFormatError';
}
