import { serverErrorName } from '../../../engine/protocol/pulsar/commands.js';

/** An error that a Pulsar broker answered. */
export class PulsarError extends Error {
  override readonly name = 'PulsarError';
  /** A `ServerError`. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(`${serverErrorName(code)}: ${message}`);
    this.code = code;
  }
}

/** A connection ended before what was asked on it was answered, or could not be made. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}
