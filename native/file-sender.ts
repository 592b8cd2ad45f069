import type { AddonBinding } from './addon.js';

/** `sendfile`: file ranges go to a socket from the page cache, uncopied by this process. */
export interface FileSender {
  /**
   * Sends up to `sizeBytes` from `position` of a file. Returns the bytes sent, fewer when the socket takes no
   * more now; never blocks on the socket.
   * @throws Error with an `errno` for a closed socket or a file that cannot be read
   */
  send(socketFd: number, fileFd: number, position: number, sizeBytes: number): number;
  /**
   * Bounds what waits in the kernel for a peer (`SO_SNDBUF`; Linux doubles it for its own use).
   * A socket that is closed already is left alone: its own event ends the connection.
   */
  setSendBuffer(socketFd: number, sizeBytes: number): void;
  /** Whether a range is in the page cache, as far as a sample tells: sending it waits for no disk. */
  isResident(fileFd: number, position: number, sizeBytes: number): boolean;
}

/** The page cache takes in and gives up longer runs than this; a finer sample cost 8 % of a fetch (measured). */
const sampleStepBytes = 256 * 1024;

export class AddonFileSender implements FileSender {
  readonly #binding: AddonBinding;

  constructor(binding: AddonBinding) {
    this.#binding = binding;
  }

  send(socketFd: number, fileFd: number, position: number, sizeBytes: number): number {
    const sent = this.#binding.sendFile(socketFd, fileFd, position, sizeBytes);
    if (sent >= 0) return sent;
    throw Object.assign(new Error(`sendfile failed with errno ${-sent}`), { errno: -sent });
  }

  setSendBuffer(socketFd: number, sizeBytes: number): void {
    this.#binding.setSendBuffer(socketFd, sizeBytes);
  }

  isResident(fileFd: number, position: number, sizeBytes: number): boolean {
    return this.#binding.isResident(fileFd, position, sizeBytes, sampleStepBytes);
  }
}
