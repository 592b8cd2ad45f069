/** One of the two brokers: asks it and writes down under a step's name what came back. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Encodable } from '../../engine/protocol/kafka/encodable.js';
import { Reader } from '../../engine/protocol/kafka/reader.js';
import { apiVersionsExchange } from '../exchanges.js';
import { type Exchange, frameOf, headerBytesOf, RawClient } from '../raw-client.js';
import { trickle } from './trickle.js';
import { Witness } from './witness.js';

/** What one step saw: a decoded answer, or a word such as `closed`. */
export interface Step {
  readonly name: string;
  seen: unknown;
}

/** Longest wait for an answer; above every `maxWaitMs` and time-out that a scenario asks for. */
const answerTimeoutMs = 6_000;
const correlationId = 7;

type Range = readonly [least: number, greatest: number];

/** Which broker it is, and what a run knows about it. */
interface Target {
  readonly host: string;
  readonly port: number;
  /** Comes before every name of a topic or group, so that runs do not meet. */
  readonly prefix: string;
  /** Versions that both brokers serve. */
  readonly ranges: ReadonlyMap<number, Range>;
  readonly witness: Witness;
  readonly restart?: (() => Promise<void>) | undefined;
}

export class Peer {
  readonly steps: Step[];
  readonly #target: Target;
  readonly #scenario: string;
  #client: RawClient | undefined;

  constructor(
    target: Pick<Target, 'host' | 'port'> & Partial<Target>,
    scenario = '',
    steps: Step[] = [],
  ) {
    this.#target = { prefix: '', ranges: new Map(), witness: new Witness(), ...target };
    this.#scenario = scenario;
    this.steps = steps;
  }

  get prefix(): string {
    return this.#target.prefix;
  }

  get witness(): Witness {
    return this.#target.witness;
  }

  get canRestart(): boolean {
    return this.#target.restart !== undefined;
  }

  /** Restarts the broker. */
  async restart(): Promise<void> {
    this.close();
    await this.#target.restart?.();
  }

  /** Another connection to the same broker that writes into the same steps. */
  another(): Peer {
    return new Peer(this.#target, this.#scenario, this.steps);
  }

  /** A peer for a scenario of its own, with no steps yet. */
  begin(scenario: string): Peer {
    return new Peer(this.#target, scenario);
  }

  /** Versions that both brokers serve, least first. */
  versions(exchange: { apiKey: number }): number[] {
    const [least, greatest] = this.#target.ranges.get(exchange.apiKey) ?? [0, -1];
    return Array.from({ length: greatest - least + 1 }, (_, index) => least + index);
  }

  latest(exchange: { apiKey: number }): number {
    return this.#target.ranges.get(exchange.apiKey)?.[1] ?? 0;
  }

  /** What the broker advertises, by API key. */
  async advertised(): Promise<Map<number, Range>> {
    const { apiKeys } = await this.probe(apiVersionsExchange, {}, 0);
    return new Map(apiKeys.map((api) => [api.apiKey, [api.minVersion, api.maxVersion]]));
  }

  /** Asks without writing a step. Throws if there is no answer. */
  async probe<Request, Response>(
    exchange: Exchange<Request, Response>,
    request: Encodable<Request>,
    version: number,
  ): Promise<Response> {
    const body = await this.#answer(frameOf(exchange, request, version, correlationId));
    if (typeof body === 'string') throw new Error(`API ${exchange.apiKey}: ${body}`);
    const answer = exchange.decode(new Reader(body, headerBytesOf(exchange, version)), version);
    this.witness.answered(exchange.apiKey, this.#scenario, answer);
    return answer;
  }

  /** Asks and writes down the answer; undefined if there was none. */
  async ask<Request, Response>(
    name: string,
    exchange: Exchange<Request, Response>,
    request: Encodable<Request>,
    version = this.latest(exchange),
  ): Promise<Response | undefined> {
    const frame = frameOf(exchange, request, version, correlationId);
    return this.askFrame(`${name} v${version}`, exchange, frame, version);
  }

  /** Like `ask`, with a request that is already bytes. */
  async askFrame<Request, Response>(
    name: string,
    exchange: Exchange<Request, Response>,
    frame: Uint8Array,
    version: number,
  ): Promise<Response | undefined> {
    const step: Step = { name, seen: 'unanswered' };
    this.steps.push(step);
    const body = await this.#answer(frame);
    if (typeof body === 'string') {
      step.seen = body;
      return undefined;
    }
    const reader = new Reader(body, headerBytesOf(exchange, version));
    const answer = exchange.decode(reader, version);
    this.witness.answered(exchange.apiKey, this.#scenario, answer);
    step.seen = reader.remaining === 0 ? answer : { answer, trailingBytes: reader.remaining };
    return answer;
  }

  /** Sends bytes as they are and writes down the raw answer. */
  async raw(name: string, frame: Uint8Array): Promise<void> {
    const step: Step = { name, seen: 'unanswered' };
    this.steps.push(step);
    step.seen = await this.#answer(frame);
  }

  /** Sends bytes as they are and tells only what became of them. */
  async fate(frame: Uint8Array): Promise<'answered' | 'closed' | 'no answer'> {
    const answer = await this.#answer(frame);
    return typeof answer === 'string' ? answer : 'answered';
  }

  /** Sends what has no answer (acks=0) and writes down if the connection outlives it. */
  async tell<Request>(
    name: string,
    exchange: Exchange<Request, unknown>,
    request: Encodable<Request>,
    version = this.latest(exchange),
  ): Promise<void> {
    const step: Step = { name: `${name} v${version}`, seen: 'unanswered' };
    this.steps.push(step);
    const client = await this.#connected();
    const frame = frameOf(exchange, request, version, correlationId);
    this.witness.asked(frame);
    client.socket.write(frame);
    const next = await this.#answer(frameOf(apiVersionsExchange, {}, 0, correlationId + 1));
    if (typeof next === 'string') step.seen = next;
    else step.seen = next.readInt32BE(0) === correlationId ? 'answered' : 'not answered';
  }

  /** Sends bytes piece by piece over a connection of their own, and writes down what each brought. */
  async trickle(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    this.note(name, await trickle(this.#target, pieces));
  }

  /** Writes down a value that a scenario made of several answers. */
  note(name: string, seen: unknown): void {
    this.steps.push({ name, seen });
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  async #connected(): Promise<RawClient> {
    if (this.#client === undefined || this.#client.socket.destroyed) {
      this.#client = await RawClient.connect(this.#target.port, this.#target.host);
    }
    return this.#client;
  }

  async #answer(frame: Uint8Array): Promise<Buffer | 'closed' | 'no answer'> {
    const client = await this.#connected();
    this.witness.asked(frame);
    const giveUp = new AbortController();
    const late = delay(answerTimeoutMs, 'no answer' as const, { signal: giveUp.signal });
    late.catch(() => {});
    const answer = client.exchange(frame).catch(() => 'closed' as const);
    const first = await Promise.race([answer, late]);
    giveUp.abort();
    if (typeof first === 'string') this.close();
    return first;
  }
}
