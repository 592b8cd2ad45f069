/** Remembers what all scenarios asked one broker, and which errors it answered. */
import { ErrorCode } from '../../engine/protocol/kafka/errors.js';

const errorNames = new Map<number, string>(
  Object.entries(ErrorCode).map(([name, code]) => [code, name]),
);

export function errorName(code: number): string | number {
  return errorNames.get(code) ?? code;
}

export class Witness {
  readonly #sent = new Set<string>();
  readonly #codes = new Map<string, Set<string>>();

  /** A whole request, with its length in front. */
  asked(frame: Uint8Array): void {
    if (frame.byteLength < 8) return;
    const view = new DataView(frame.buffer, frame.byteOffset);
    this.#sent.add(`${view.getInt16(4)} ${view.getInt16(6)}`);
  }

  /** Every error code of a decoded answer. */
  answered(apiKey: number, scenario: string, answer: unknown): void {
    if (typeof answer !== 'object' || answer === null || ArrayBuffer.isView(answer)) return;
    for (const [field, value] of Object.entries(answer)) {
      if (field !== 'errorCode' || value === 0) this.answered(apiKey, scenario, value);
      else this.#note(`${apiKey} ${errorName(value)}`, scenario);
    }
  }

  hasSent(apiKey: number, version: number): boolean {
    return this.#sent.has(`${apiKey} ${version}`);
  }

  /** The scenarios in which an API answered an error. */
  scenariosOf(apiKey: number, error: string): ReadonlySet<string> {
    return this.#codes.get(`${apiKey} ${error}`) ?? new Set();
  }

  /** The errors that an API answered, by name. */
  errorsOf(apiKey: number): string[] {
    const start = `${apiKey} `;
    const known = [...this.#codes.keys()].filter((key) => key.startsWith(start));
    return known.map((key) => key.slice(start.length)).sort();
  }

  #note(key: string, scenario: string): void {
    const known = this.#codes.get(key) ?? new Set();
    this.#codes.set(key, known.add(scenario));
  }
}
