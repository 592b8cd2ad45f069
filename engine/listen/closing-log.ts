import type { Logger } from 'pino';

/** Lines about single peers between two sweeps. */
const mostLines = 20;
/** Addresses that a summary names. */
const mostNamed = 8;

/**
 * One line for each peer that is turned away, by its address. Of a flood the rest is counted and told once a
 * second, so that no peer can fill the disk with lines or hide others among them for longer.
 */
export class ClosingLog {
  readonly #log: Logger;
  #lines = 0;
  #counted = 0;
  readonly #peers = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  tell(peer: string, listener: string, reason: string): void {
    if (this.#lines < mostLines) {
      this.#lines++;
      this.#log.warn({ peer, listener }, reason);
      return;
    }
    this.#counted++;
    const before = this.#peers.get(peer);
    if (before !== undefined || this.#peers.size < mostNamed) {
      this.#peers.set(peer, (before ?? 0) + 1);
    }
  }

  /** Called once a second: tells what was only counted. */
  sweep(): void {
    this.#lines = 0;
    if (this.#counted === 0) return;
    const peers = Object.fromEntries(this.#peers);
    this.#log.warn({ closed: this.#counted, peers }, 'further connections were closed or refused');
    this.#counted = 0;
    this.#peers.clear();
  }
}
