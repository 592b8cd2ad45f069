import { readFile } from 'node:fs/promises';
import type { Authentication, Credentials } from './authentication.js';

/** What a client of OAuth2's client credentials flow has to know (RFC 6749, section 4.4). */
export interface OAuth2Settings {
  /** Where `.well-known/openid-configuration` tells the token endpoint. */
  readonly issuerUrl: string;
  /** `file:///PATH` or `data:application/json;base64,…`: JSON with `client_id` and `client_secret`. */
  readonly privateKey: string;
  readonly audience: string | null;
  readonly scope: string | null;
}

/** A token is renewed when this share of its life is over, as Pulsar's own clients do. */
const renewalShare = 0.9;
const requestTimeoutMs = 30_000;
/** Life of a token whose issuer does not tell it; RFC 6749 leaves it open. */
const unknownLifeSeconds = 300;

/** A JWT of an issuer, asked for anew before it expires. */
export function oauth2Authentication(settings: OAuth2Settings, now = Date.now): Authentication {
  let held: { readonly credentials: Credentials; readonly renewAtMs: number } | null = null;
  let asking: Promise<Credentials> | null = null;
  const renew = async (): Promise<Credentials> => {
    const askedAtMs = now();
    const { token, lifeMs } = await askForToken(settings);
    const credentials = { method: 'token', data: Buffer.from(token) };
    held = { credentials, renewAtMs: askedAtMs + lifeMs * renewalShare };
    return credentials;
  };
  return () => {
    if (held !== null && now() < held.renewAtMs) return Promise.resolve(held.credentials);
    asking ??= renew().finally(() => {
      asking = null;
    });
    return asking;
  };
}

async function askForToken(settings: OAuth2Settings): Promise<{ token: string; lifeMs: number }> {
  const { issuerUrl, audience, scope } = settings;
  const { clientId, clientSecret } = await readKey(settings.privateKey);
  const discovery = `${issuerUrl.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { token_endpoint: endpoint } = await askJson(discovery);
  if (typeof endpoint !== 'string') throw new Error(`${discovery} names no token_endpoint`);
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    ...(audience !== null && { audience }),
    ...(scope !== null && { scope }),
  });
  const answer = await askJson(endpoint, body);
  const { access_token: token, expires_in: life } = answer;
  if (typeof token !== 'string') throw new Error(`${endpoint} answered without an access_token`);
  return { token, lifeMs: (typeof life === 'number' ? life : unknownLifeSeconds) * 1_000 };
}

async function readKey(url: string): Promise<{ clientId: string; clientSecret: string }> {
  const text = url.startsWith('data:')
    ? await (await fetch(url)).text()
    : await readFile(url.startsWith('file:') ? new URL(url) : url, 'utf8');
  const key = JSON.parse(text) as Record<string, unknown>;
  const { client_id: clientId, client_secret: clientSecret } = key;
  if (typeof clientId === 'string' && typeof clientSecret === 'string') {
    return { clientId, clientSecret };
  }
  throw new Error('the private key of OAuth2 has no client_id and client_secret');
}

async function askJson(url: string, body?: URLSearchParams): Promise<Record<string, unknown>> {
  const request = body === undefined ? {} : { method: 'POST', body };
  const signal = AbortSignal.timeout(requestTimeoutMs);
  const response = await fetch(url, { ...request, signal });
  if (response.ok) return (await response.json()) as Record<string, unknown>;
  const reason = (await response.text()).slice(0, 300);
  throw new Error(`OAuth2: ${url} answered ${response.status} ${reason}`);
}
