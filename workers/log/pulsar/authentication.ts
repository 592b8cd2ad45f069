import { readFile } from 'node:fs/promises';
import type { PulsarAuthentication } from '../../ring/control.js';
import { oauth2Authentication } from './oauth2.js';

/** How a connection proves who it is: the method's name and what goes with it. */
export interface Credentials {
  readonly method: string;
  readonly data: Uint8Array;
}

/** Asked at every connection and whenever the broker wants fresh credentials. */
export type Authentication = () => Promise<Credentials | null>;

const utf8 = new TextEncoder();

export const noAuthentication: Authentication = async () => null;

/** A JWT, sent as it is. */
export function tokenAuthentication(token: string): Authentication {
  const credentials = { method: 'token', data: utf8.encode(token) };
  return async () => credentials;
}

/** A JWT in a file, which is read anew each time: tokens are renewed by writing the file. */
export function tokenFileAuthentication(path: string): Authentication {
  return async () => ({
    method: 'token',
    data: utf8.encode((await readFile(path, 'utf8')).trim()),
  });
}

/** What the settings ask for. */
export function authenticationOf(settings: PulsarAuthentication): Authentication {
  switch (settings.kind) {
    case 'none':
      return noAuthentication;
    case 'token':
      return tokenAuthentication(settings.token);
    case 'token-file':
      return tokenFileAuthentication(settings.path);
    case 'oauth2':
      return oauth2Authentication(settings);
  }
}
