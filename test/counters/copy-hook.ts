/**
 * Loaded by `--import` into every thread of a broker: wraps all by which JavaScript can copy bytes, and the calls of the
 * addon that make bytes, and notes how many were copied where. It knows nothing of the broker's own counters.
 *
 * What it cannot see: loops that copy word by word (`workers/format/copy.ts` does for less than 512 bytes), and what
 * the addon and Node do inside.
 */
import { Buffer } from 'node:buffer';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { AddonCodecs } from '../../native/addon.js';
import { FallbackCodecs } from '../../native/fallback/fallback-codecs.js';
import { answerOrders } from './every-thread.js';

/** What one place copied since it was armed. */
export interface SiteCopies {
  /** File, function and what copied: `workers/format/entry write: set`. */
  readonly site: string;
  bytes: number;
  largestBytes: number;
}

/** Less is no payload, and costs too much to look where it comes from. */
const leastBytes = 64;
/** Files whose functions copy for whoever calls them: the caller is the site. */
const copiesForOthers = /\/workers\/(format\/copy|log\/embedded\/disk)\.js/;
const ourFrame = /^ *at (?:(.*) \()?file:.*\/dist\/((?:engine|workers|native)\/[^:]*)\.c?js:/;

let armed = false;
let copies = new Map<string, SiteCopies>();

function note(how: string, sizeBytes: number): void {
  if (!armed || !(sizeBytes >= leastBytes)) return;
  const site = `${placeOf(new Error().stack ?? '')}: ${how}`;
  const known = copies.get(site) ?? { site, bytes: 0, largestBytes: 0 };
  copies.set(site, known);
  known.bytes += sizeBytes;
  known.largestBytes = Math.max(known.largestBytes, sizeBytes);
}

/** The innermost function of ours; else the innermost of a package's, or Node's. */
function placeOf(stack: string): string {
  const frames = stack.split('\n').slice(1);
  for (const frame of frames) {
    if (copiesForOthers.test(frame)) continue;
    const [, name = '(module)', file] = ourFrame.exec(frame) ?? [];
    if (file !== undefined) return `${file} ${name.replace(/^async |^.*\.(?=[^.]+$)/g, '')}`;
  }
  const other = frames.find((frame) => !frame.includes('/test/counters/'));
  return `outside: ${other?.trim() ?? 'unknown'}`;
}

type Call = (this: unknown, ...words: unknown[]) => unknown;

/** Puts a note behind a method; `sizeOf` says how many bytes a call has copied. */
function wrap(
  owner: object,
  name: string,
  sizeOf: (result: unknown, words: unknown[], self: unknown) => number,
): void {
  const call = (owner as Record<string, Call>)[name];
  if (typeof call !== 'function') throw new Error(`there is no ${name} to wrap`);
  const wrapped: Call = function (...words) {
    const result = call.apply(this, words);
    note(name, sizeOf(result, words, this));
    return result;
  };
  Object.defineProperty(owner, name, { value: wrapped, writable: true, configurable: true });
}

/** Bytes of a view, a buffer, a text or a list of numbers; a count is itself. */
function sizeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.length;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return value.byteLength;
  return Array.isArray(value) ? value.length : 0;
}

const ofResult = (result: unknown): number => sizeOf(result);
const ofFirst = (_result: unknown, [first]: unknown[]): number => sizeOf(first);
/** A view over a buffer copies nothing. */
const ofFirstIfCopied = (result: unknown, [first]: unknown[]): number =>
  types.isAnyArrayBuffer(first) ? 0 : sizeOf(result);

const typedArray = Object.getPrototypeOf(Uint8Array) as { prototype: object };

function wrapBytes(): void {
  wrap(typedArray.prototype, 'set', ofFirst);
  wrap(typedArray.prototype, 'slice', ofResult);
  wrap(typedArray.prototype, 'copyWithin', (result, [to = 0, from = 0]) =>
    Math.max(0, sizeOf(result) - Math.max(Number(to), Number(from))),
  );
  wrap(typedArray, 'from', ofResult);
  wrap(ArrayBuffer.prototype, 'slice', ofResult);
  wrap(SharedArrayBuffer.prototype, 'slice', ofResult);
  wrap(Buffer.prototype, 'copy', ofResult);
  wrap(Buffer.prototype, 'write', ofResult);
  wrap(Buffer.prototype, 'toString', ofResult);
  wrap(Buffer, 'concat', ofResult);
  wrap(Buffer, 'from', ofFirstIfCopied);
  wrap(Buffer, 'copyBytesFrom', ofResult);
  for (const encoding of ['latin1', 'utf8', 'ascii', 'hex', 'base64', 'base64url', 'ucs2']) {
    wrap(Buffer.prototype, `${encoding}Slice`, ofResult);
    wrap(Buffer.prototype, `${encoding}Write`, ofResult);
  }
  wrap(TextDecoder.prototype, 'decode', ofResult);
  wrap(TextEncoder.prototype, 'encode', ofResult);
  wrap(TextEncoder.prototype, 'encodeInto', (result) => (result as { written: number }).written);
}

/** `new Uint8Array(view)` and its like; what is allocated empty, or over a buffer, is no copy. */
function wrapConstructors(): void {
  const names = ['Uint8Array', 'Int8Array', 'Uint16Array', 'Uint32Array', 'Int32Array'] as const;
  for (const name of names) {
    globalThis[name] = new Proxy(globalThis[name], {
      construct(target, words: unknown[], maker) {
        const made = Reflect.construct(target, words, maker) as Uint8Array;
        if (ArrayBuffer.isView(words[0]) || Array.isArray(words[0])) {
          note(`new ${name}`, made.byteLength);
        }
        return made;
      },
    }) as never;
  }
}

/** Bytes that a message clones: those in memory that threads do not share. */
function clonedBytes(message: unknown, depth = 4): number {
  if (ArrayBuffer.isView(message)) return clonedBytes(message.buffer);
  if (message instanceof ArrayBuffer) return message.byteLength;
  if (depth === 0 || typeof message !== 'object' || message === null) return 0;
  return Object.values(message).reduce((sum, one) => sum + clonedBytes(one, depth - 1), 0);
}

function wrapMessages(): void {
  wrap(MessagePort.prototype, 'postMessage', (_result, [message]) => clonedBytes(message));
  wrap(globalThis, 'structuredClone', (_result, [message]) => clonedBytes(message));
}

/** Reading a file is a copy too, where the kernel could have sent it. */
function wrapFiles(): void {
  wrap(fs, 'readSync', ofResult);
  wrap(fs, 'readvSync', ofResult);
  wrap(fs, 'readFileSync', ofResult);
  wrap(fs, 'read', (_result, [, view]) => sizeOf(view));
  syncBuiltinESMExports();
}

function wrapCodecs(): void {
  for (const { prototype } of [AddonCodecs, FallbackCodecs]) {
    for (const name of ['decompress', 'inflate', 'compress']) wrap(prototype, name, ofResult);
  }
}

wrapBytes();
wrapConstructors();
wrapMessages();
wrapFiles();
wrapCodecs();
answerOrders((order): SiteCopies[] => {
  const noted = [...copies.values()];
  copies = new Map();
  armed = order === 'arm';
  return noted;
});
