import type { Logger } from 'pino';
import type { Encodable } from '../protocol/kafka/encodable.js';
import type { Reader } from '../protocol/kafka/reader.js';
import type { Writer } from '../protocol/kafka/writer.js';
import type { Services } from './services.js';

/** What a handler may know of the request and its connection. */
export interface RequestContext {
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** Address of the peer as Kafka prints it, with a leading slash: `/127.0.0.1`. */
  readonly clientHost: string;
  /** Name of the listener that the connection came in by; Metadata answers with its advertised address. */
  readonly listener: string;
  readonly connectionId: number;
  /** Aborted when the connection closes, so that what waits for its answer can be given up. */
  readonly closed: AbortSignal;
}

/** One request between its frame and its reply. */
export interface InFlight extends RequestContext {
  readonly reader: Reader;
  /**
   * Sends the response; called exactly once. `encode` writes the body after the header. Views of the
   * frame end with this call. `sent` is called when the bytes were written, or never will be.
   */
  reply(encode: (writer: Writer) => void, sent?: () => void): void;
  /** Gives the frame's memory back before the answer; nothing decoded from it may be a view of it. */
  releaseFrame(): void;
  /** acks=0: no response at all. */
  replyNothing(): void;
  /** Closes the connection with one log line, after the replies before it. */
  disconnect(reason: string): void;
  /** A handler threw: closes the connection with a line that says what was wrong. */
  fail(error: unknown, log: Logger): void;
}

/** What the next request of the connection may do before this one is answered. */
export type Overlap = 'none' | 'produce';

/** ACL operation and resource that a request needs; enforced once authorizers exist. */
export type Authorization =
  | 'none'
  | 'cluster:describe'
  | 'cluster:alter'
  | 'cluster:idempotent-write'
  | 'topic:read'
  | 'topic:write'
  | 'topic:describe'
  | 'topic:create'
  | 'topic:delete'
  | 'topic:alter'
  | 'group:read'
  | 'group:describe'
  | 'group:delete';

/** One Kafka API. ApiVersions, the docs table and metric labels derive from these. */
export interface Api {
  readonly key: number;
  readonly name: string;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** First version with compact types and tagged fields; decides the header versions. */
  readonly flexibleFrom: number;
  readonly overlap: Overlap;
  readonly authorization: Authorization;
  readonly handle: (request: InFlight, services: Services) => void;
}

/** An API whose handler turns a decoded request into a response (or the promise of one). */
export interface UnaryApi<Request, Response> extends Omit<Api, 'handle' | 'overlap'> {
  readonly decode: (reader: Reader, version: number) => Request;
  readonly encode: (writer: Writer, response: Encodable<Response>, version: number) => void;
  readonly answer: (
    request: Request,
    context: RequestContext,
    services: Services,
  ) => Encodable<Response> | Promise<Encodable<Response>>;
  /**
   * The answer may be minutes in coming (JoinGroup): the frame's memory is given back when `answer`
   * returns its promise, so it must have copied what it keeps of the request's views by then.
   */
  readonly outlivesFrame?: boolean;
}

/** Makes an `Api` of a decode–answer–encode triple; a thrown error closes the connection with a log line. */
export function unary<Request, Response>(api: UnaryApi<Request, Response>): Api {
  const { decode, encode, answer, outlivesFrame = false, ...rest } = api;
  return {
    ...rest,
    overlap: 'none',
    handle(request, services) {
      const version = request.apiVersion;
      const send = (response: Encodable<Response>) =>
        request.reply((writer) => encode(writer, response, version));
      const outcome = answer(decode(request.reader, version), request, services);
      if (!(outcome instanceof Promise)) {
        send(outcome);
        return;
      }
      if (outlivesFrame) request.releaseFrame();
      outcome.then(send).catch((error: unknown) => request.fail(error, services.log));
    },
  };
}
