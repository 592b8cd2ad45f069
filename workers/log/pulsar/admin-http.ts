import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { Authentication } from './authentication.js';

/** An answer of Pulsar's admin API that is none of the expected ones. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A connection that had been used before ended under a question. */
class KeptSocketClosed extends Error {}

export interface AdminSettings {
  /** `http://HOST:8080` or `https://HOST:8443`. */
  readonly url: string;
  readonly authentication: Authentication;
  readonly timeoutMs: number;
  /** For `https`. */
  readonly tls: ConnectionOptions;
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface AdminRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Behind `/admin/v2/`, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** Statuses beside 2xx that are answers; all others are AdminErrors. */
  readonly expected?: readonly number[];
}

/** Connections to one broker at once. */
const maxSockets = 16;
/** Pulsar's web server closes connections after 30 s without a question. */
const idleSocketMs = 10_000;
/** Brokers that send a request on, one after another; more is a circle. */
const maxRedirects = 5;
/** Entries and lists are read whole. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Asks Pulsar's admin REST API; a broker that does not own what is asked for sends on to the one that does. */
export class AdminHttp {
  readonly #settings: AdminSettings;
  readonly #base: string;
  readonly #plain = new HttpAgent({ keepAlive: true, maxSockets, timeout: idleSocketMs });
  readonly #secure: HttpsAgent;

  constructor(settings: AdminSettings) {
    this.#settings = settings;
    this.#base = `${settings.url.replace(/\/$/, '')}/admin/v2/`;
    const { tls } = settings;
    this.#secure = new HttpsAgent({ keepAlive: true, maxSockets, timeout: idleSocketMs, ...tls });
  }

  /** Rejects with AdminError, or with what the connection failed with. */
  async ask(asked: AdminRequest): Promise<AdminAnswer> {
    let url = this.#base + asked.path;
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const answer = await this.#askKept(url, asked);
      const { status, headers, body } = answer;
      if ((status === 307 || status === 302) && headers.location !== undefined) {
        url = new URL(headers.location, url).href;
        continue;
      }
      if ((status >= 200 && status < 300) || asked.expected?.includes(status)) return answer;
      const reason = body.toString('utf8', 0, 300);
      throw new AdminError(status, `${asked.method} ${url}: ${status} ${reason}`);
    }
    throw new Error(`${asked.method} ${url}: more than ${maxRedirects} brokers sent it on`);
  }

  /** The answer of a GET as JSON. */
  async get<Answer>(path: string): Promise<Answer> {
    return JSON.parse((await this.ask({ method: 'GET', path })).body.toString()) as Answer;
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  /** A broker may close a connection that was kept at the moment it is used again: then it never saw the question. */
  async #askKept(url: string, asked: AdminRequest): Promise<AdminAnswer> {
    // Each turn uses up one of the connections that were kept.
    for (let closed = 0; closed < maxSockets; closed++) {
      try {
        return await this.#askOne(url, asked);
      } catch (error) {
        if (!(error instanceof KeptSocketClosed) || asked.method !== 'GET') throw error;
      }
    }
    return this.#askOne(url, asked);
  }

  async #askOne(url: string, asked: AdminRequest): Promise<AdminAnswer> {
    const { method, body, contentType = 'application/json' } = asked;
    const { authentication, timeoutMs } = this.#settings;
    const credentials = await authentication();
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(credentials && { authorization: `Bearer ${Buffer.from(credentials.data).toString()}` }),
      ...(payload !== undefined && { 'content-type': contentType }),
      ...(payload !== undefined && { 'content-length': Buffer.byteLength(payload) }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const isSecure = url.startsWith('https:');
    const send = isSecure ? httpsRequest : httpRequest;
    const agent = isSecure ? this.#secure : this.#plain;
    return new Promise((resolve, reject) => {
      const failed = (error: Error & { code?: string }) => {
        const isStale = request.reusedSocket && error.code === 'ECONNRESET';
        const Failure = isStale ? KeptSocketClosed : Error;
        reject(new Failure(`${method} ${url}: ${error.message}`, { cause: error }));
      };
      const request = send(url, { method, headers, agent, signal }, (response) => {
        readWhole(response).then(
          (whole) =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole }),
          failed,
        );
      });
      request.on('error', failed);
      request.end(payload);
    });
  }
}

async function readWhole(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > maxAnswerBytes) throw new Error(`an answer of over ${maxAnswerBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
