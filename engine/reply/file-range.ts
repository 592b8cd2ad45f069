/** Longest range of one partition that is sent from a file; longer ones are read. */
export const maxFileRangeBytes = 64 * 1024 * 1024;

/** Never touched, so it costs no memory. */
const blank = new ArrayBuffer(maxFileRangeBytes);

/**
 * Record bytes that are still in a segment file. It stands for them among the views of a response, which only
 * asks for its length; the reply queue sends the file's bytes in its place.
 */
export class FileRange extends Uint8Array {
  readonly fd: number;
  readonly position: number;

  constructor(fd: number, position: number, sizeBytes: number) {
    super(blank, 0, sizeBytes);
    this.fd = fd;
    this.position = position;
  }
}
