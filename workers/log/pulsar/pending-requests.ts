import type {
  Command,
  CommandFields,
  CommandName,
} from '../../../engine/protocol/pulsar/commands.js';
import { PulsarError } from './errors.js';

/** Commands that are answered by their request id. */
export type Requestable = {
  [N in CommandName]: CommandFields<N> extends { readonly requestId: number } ? N : never;
}[CommandName];

interface Pending {
  readonly name: CommandName;
  readonly timer: NodeJS.Timeout | null;
  resolve(answer: Command): void;
  reject(error: Error): void;
}

/** The questions of one connection that wait for an answer. */
export class PendingRequests {
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** A new question; `timeoutMs` null waits for as long as the connection lasts. */
  add(
    name: CommandName,
    timeoutMs: number | null = this.#timeoutMs,
  ): { requestId: number; answer: Promise<Command> } {
    const requestId = ++this.#lastId;
    const answer = new Promise<Command>((resolve, reject) => {
      const expire = () => {
        this.#pending.delete(requestId);
        reject(new Error(`${name} was not answered within ${timeoutMs} ms`));
      };
      const timer = timeoutMs === null ? null : setTimeout(expire, timeoutMs);
      this.#pending.set(requestId, { name, timer, resolve, reject });
    });
    return { requestId, answer };
  }

  /** Hands an answer to whoever asked; false if nobody waits for it. */
  settle(command: Command): boolean {
    const { requestId } = command.fields as { requestId?: number };
    const pending = requestId === undefined ? undefined : this.#pending.get(requestId);
    if (requestId === undefined || pending === undefined) return false;
    // WaitForExclusive: the producer is known and must wait; a second answer says that its turn has come.
    if (command.name === 'producerSuccess' && command.fields.producerReady === false) return true;
    this.#pending.delete(requestId);
    if (pending.timer !== null) clearTimeout(pending.timer);
    if (command.name === 'error') {
      pending.reject(new PulsarError(command.fields.error, command.fields.message));
    } else {
      pending.resolve(command);
    }
    return true;
  }

  failAll(reason: Error): void {
    for (const { timer, reject } of this.#pending.values()) {
      if (timer !== null) clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
  }
}
