/** Strikes in a row that close a connection: the first sweep may come just after the pressure. */
const mostStrikes = 2;
/** Frames that wait behind a request are no burden up to this. */
const lightBytes = 64 * 1024;

/** What a connection holds of the landing memory, and how far it has got. */
export interface Holding {
  /** Reserved for a request that the broker is reading and that is not whole; 0 without one. */
  readonly partialBytes: number;
  /** Read since the connection began. */
  readonly readBytes: number;
  /** Requests that are whole and wait for the client: for its long poll to end, or for it to take replies. */
  readonly waitingBytes: number;
  /** Requests begun since the connection began. */
  readonly begun: number;
}

/**
 * Who may keep landing memory while others wait for it. A request announced and not sent, or sent behind a Fetch
 * that waits for a day, would keep it from everybody for as long as the client likes.
 */
export class Pace {
  #readBytes = 0;
  #begun = 0;
  #strikes = 0;

  /**
   * To be asked once a sweep, pressed or not. True if the connection has to go: for two sweeps in a row others waited,
   * and its request came more slowly than would make it whole within `timeoutMs`, or none of those behind began.
   */
  lags(holding: Holding, pressed: boolean, intervalMs: number, timeoutMs: number): boolean {
    const { partialBytes, readBytes, waitingBytes, begun } = holding;
    const isSlow = (readBytes - this.#readBytes) * timeoutMs < partialBytes * intervalMs;
    const isStuck = waitingBytes > lightBytes && begun === this.#begun;
    this.#readBytes = readBytes;
    this.#begun = begun;
    this.#strikes = pressed && (isSlow || isStuck) ? this.#strikes + 1 : 0;
    return this.#strikes >= mostStrikes;
  }
}
