import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { RawClient } from '../../raw-client.js';

/** What a request or a member's leave may take on a busy machine. */
const leaveLimitMs = 60_000;

/** One stretch of load: who takes part goes on while it is active, and leaves nothing connected behind. */
export class Stage {
  readonly port: number;
  /** What was done, by what it was. */
  readonly done = new Map<string, number>();
  readonly #end = new AbortController();
  readonly #clients = new Set<RawClient>();

  constructor(port: number) {
    this.port = port;
    // One for each pause under way.
    setMaxListeners(0, this.#end.signal);
  }

  get active(): boolean {
    return !this.#end.signal.aborted;
  }

  count(what: string): void {
    this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }

  /** A client that is closed with the stage at the latest. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    this.#clients.add(client);
    client.socket.once('close', () => this.#clients.delete(client));
    return client;
  }

  /** A moment in which others have their turn; shorter if the stage ends. */
  async pause(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#end.signal }).catch(() => {});
  }

  /** Lets everybody take part for so long, and waits until all have left. Throws the first failure. */
  async run(players: readonly ((stage: Stage) => Promise<void>)[], ms: number): Promise<void> {
    const playing = new Set<string>();
    const leaving = Promise.all(
      players.map(async (play, index) => {
        const name = `${play.name} ${index}`;
        playing.add(name);
        try {
          await play(this);
        } catch (error) {
          throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
        }
        playing.delete(name);
      }),
    );
    await Promise.race([leaving, setTimeout(ms, undefined, { ref: false })]).finally(() => {
      this.#end.abort();
    });
    const isOver = await Promise.race([
      leaving.then(() => true),
      setTimeout(leaveLimitMs, false, { ref: false }),
    ]);
    if (!isOver) throw new Error(`${[...playing].join(', ')}: no answer for ${leaveLimitMs} ms`);
    for (const client of this.#clients) client.close();
  }
}
