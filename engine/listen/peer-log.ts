import type { Logger } from 'pino';

/** Lines about single peers within a period. */
const mostLines = 20;
/** Addresses that a summary names. */
const mostNamed = 8;

interface PeerLogOptions {
  /** Name of the count in a summary, and what the summary says. */
  readonly count: string;
  readonly rest: string;
  /** Sweeps between two summaries. */
  readonly sweeps: number;
}

/**
 * Lines about what peers did wrong, by their addresses. Of a flood the rest is counted and told once a period, so
 * that no peer can fill the disk with lines or hide others among them for longer.
 */
export class PeerLog {
  readonly #log: Logger;
  readonly #options: PeerLogOptions;
  #lines = 0;
  #counted = 0;
  #sweeps = 0;
  readonly #peers = new Map<string, number>();
  /** What has a line in this period and gets no other. */
  readonly #told = new Set<string>();

  constructor(log: Logger, options: PeerLogOptions) {
    this.#log = log;
    this.#options = options;
  }

  /** With `once`, a further line about the same is only counted. */
  tell(peer: string, about: object, message: string, once = ''): void {
    if (this.#lines < mostLines && !this.#told.has(once)) {
      this.#lines++;
      if (once !== '') this.#told.add(once);
      this.#log.warn({ peer, ...about }, message);
      return;
    }
    this.#counted++;
    const before = this.#peers.get(peer);
    if (before !== undefined || this.#peers.size < mostNamed) {
      this.#peers.set(peer, (before ?? 0) + 1);
    }
  }

  /** Called once a second. */
  sweep(): void {
    if (++this.#sweeps >= this.#options.sweeps) this.flush();
  }

  /** Ends a period: tells what was only counted. */
  flush(): void {
    this.#sweeps = 0;
    this.#lines = 0;
    this.#told.clear();
    if (this.#counted === 0) return;
    const { count, rest } = this.#options;
    this.#log.warn({ [count]: this.#counted, peers: Object.fromEntries(this.#peers) }, rest);
    this.#counted = 0;
    this.#peers.clear();
  }
}
