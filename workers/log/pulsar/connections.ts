import { type ConnectionSettings, type Move, PulsarConnection } from './connection.js';
import { addressKey, type BrokerAddress } from './service-url.js';

/**
 * What a connection is used for. Writers share none with readers or control: a fenced producer that sends
 * makes the broker close its whole connection, and a slow reader stalls everything else on its socket.
 */
export type Purpose = 'write' | 'read' | 'control';

/** How brokers are connected to, whichever they are. */
export type ConnectionDefaults = Omit<ConnectionSettings, 'address' | 'proxyToBrokerUrl' | 'moved'>;

/** The connections of one thread: one for each broker and purpose, made when first asked for. */
export class Connections {
  readonly #defaults: ConnectionDefaults;
  readonly #open = new Map<string, Promise<PulsarConnection>>();
  /** Those that are being made, too. */
  readonly #all = new Set<PulsarConnection>();
  #moved: (move: Move) => void = () => undefined;
  #closed = false;

  constructor(defaults: ConnectionDefaults) {
    this.#defaults = defaults;
  }

  /** Whoever finds the brokers of topics is told what brokers say of it. */
  onMove(moved: (move: Move) => void): void {
    this.#moved = moved;
  }

  /** Rejects with ConnectionLost. */
  async to(
    address: BrokerAddress,
    purpose: Purpose,
    proxyToBrokerUrl: string | null = null,
  ): Promise<PulsarConnection> {
    if (this.#closed) throw new Error('the connections are closed');
    const key = `${purpose}|${addressKey(address)}|${proxyToBrokerUrl ?? ''}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const connection = PulsarConnection.begin({
      ...this.#defaults,
      address,
      proxyToBrokerUrl,
      moved: (move) => this.#moved(move),
    });
    this.#all.add(connection);
    void connection.closed.then(() => this.#all.delete(connection));
    const opening = connection.accepted();
    this.#open.set(key, opening);
    const forget = () => {
      if (this.#open.get(key) === opening) this.#open.delete(key);
    };
    // The next one who asks gets a new connection; whoever uses this one hears of its end from itself.
    opening.then((connection) => connection.closed.then(forget), forget);
    return opening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opening = [...this.#open.values()];
    for (const connection of this.#all) connection.close();
    await Promise.allSettled(opening);
  }
}
