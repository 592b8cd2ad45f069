/** A partition answered with a Kafka error code. */
export class PartitionError extends Error {
  override readonly name = 'PartitionError';
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(`${message} (error ${errorCode})`);
    this.errorCode = errorCode;
  }
}
