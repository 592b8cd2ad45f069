import type { Definition } from './definition.js';
import { FILE_HEADER } from './emit-message.js';
import { constantCase } from './naming.js';
import { isEmpty } from './versions.js';

/** Emits the table of every Kafka API: keys, names and header versions. */
export function emitApiKeys(definitions: readonly Definition[]): string {
  const requests = definitions
    .filter(({ type, apiKey }) => type === 'request' && apiKey !== null)
    .sort((a, b) => a.apiKey! - b.apiKey!)
    .map((request) => ({ ...request, api: request.name.replace(/Request$/, '') }));
  const lines = [
    FILE_HEADER,
    '',
    '/** Every API of Kafka by name, served here or not. */',
    'export const ApiKey = {',
    ...requests.map(({ api, apiKey }) => `  ${constantCase(api)}: ${apiKey},`),
    '} as const;',
    '',
    'const NAMES: ReadonlyMap<number, string> = new Map([',
    ...requests.map(({ api, apiKey }) => `  [${apiKey}, '${api}'],`),
    ']);',
    '',
    '/** First version with compact types and tagged fields; APIs without one are missing. */',
    'const FLEXIBLE_FROM: ReadonlyMap<number, number> = new Map([',
    ...requests
      .filter(({ flexible, versions }) => !isEmpty(flexible) && !isEmpty(versions))
      .map(({ apiKey, flexible }) => `  [${apiKey}, ${flexible.min}],`),
    ']);',
    '',
    '/** The name of an API as Kafka writes it (`Produce`), or null for a key that Kafka lacks. */',
    'export function apiName(key: number): string | null {',
    '  return NAMES.get(key) ?? null;',
    '}',
    '',
    '/** Version of the RequestHeader in front of a request: 2 with tagged fields, else 1. */',
    'export function requestHeaderVersion(key: number, version: number): 1 | 2 {',
    '  return version >= (FLEXIBLE_FROM.get(key) ?? Infinity) ? 2 : 1;',
    '}',
    '',
    '/**',
    ' * Version of the ResponseHeader in front of a response. ApiVersions always has 0, since its',
    ' * client does not yet know what the broker speaks (KIP-511).',
    ' */',
    'export function responseHeaderVersion(key: number, version: number): 0 | 1 {',
    '  if (key === ApiKey.API_VERSIONS) return 0;',
    '  return version >= (FLEXIBLE_FROM.get(key) ?? Infinity) ? 1 : 0;',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
