export type EntryFaultCode =
  /** The bytes are not what they claim to be: the log serves the entry as a hole. */
  | 'corrupt'
  /** More than a bound allows. */
  | 'too-large'
  /** Nothing that this format can hold. */
  | 'unsupported';

/** An entry that cannot be decoded, or batches that cannot become one. Nothing else is thrown for bad bytes. */
export class EntryFault extends Error {
  override readonly name = 'EntryFault';
  readonly code: EntryFaultCode;

  constructor(code: EntryFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function corrupt(message: string): EntryFault {
  return new EntryFault('corrupt', message);
}
