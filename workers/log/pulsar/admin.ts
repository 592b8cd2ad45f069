import type { Authentication } from './authentication.js';
import { parseTopicName } from './topic-name.js';

/** An answer of Pulsar's admin API that is none of the expected ones. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface AdminSettings {
  /** `http://HOST:8080` or `https://HOST:8443`. */
  readonly url: string;
  readonly authentication: Authentication;
  readonly timeoutMs: number;
}

/** Where an index is found that no reader is sent. */
export type IndexSource = Pick<PulsarAdmin, 'ledgerIndex' | 'entryIndex'>;

/** The little of Pulsar's admin REST API (`/admin/v2`) that the log needs: what the binary protocol does not tell. */
export class PulsarAdmin {
  readonly #settings: AdminSettings;

  constructor(settings: AdminSettings) {
    this.#settings = settings;
  }

  /**
   * Index of the last entry as the managed ledger's metadata has it: exact while the current ledger is empty, else
   * too low. -1 where nothing was ever written. Rejects with AdminError.
   */
  async ledgerIndex(topic: string): Promise<number> {
    const response = await this.#get(topic, 'internal-info');
    const info = (await response.json()) as { properties?: { index?: string } };
    return info.properties?.index === undefined ? -1 : Number(info.properties.index);
  }

  /** Index of any stored entry, of markers too, which no reader is sent. Rejects with AdminError. */
  async entryIndex(topic: string, ledgerId: number, entryId: number): Promise<number> {
    const response = await this.#get(topic, `ledger/${ledgerId}/entry/${entryId}`);
    await response.body?.cancel();
    const index = response.headers.get('X-Pulsar-Broker-Entry-METADATA-index');
    if (index === null) throw new Error(`${topic}: entry ${ledgerId}:${entryId} has no index`);
    return Number(index);
  }

  async #get(topic: string, resource: string): Promise<Response> {
    const { url, timeoutMs, authentication } = this.#settings;
    const { tenant, namespace, local } = parseTopicName(topic);
    const parts = [tenant, namespace, local].map(encodeURIComponent).join('/');
    const path = `${url.replace(/\/$/, '')}/admin/v2/persistent/${parts}/${resource}`;
    const credentials = await authentication();
    const headers: Record<string, string> =
      credentials === null
        ? {}
        : { authorization: `Bearer ${Buffer.from(credentials.data).toString()}` };
    const response = await fetch(path, { headers, signal: AbortSignal.timeout(timeoutMs) });
    if (response.ok) return response;
    const reason = (await response.text()).slice(0, 300);
    throw new AdminError(response.status, `GET ${path}: ${response.status} ${reason}`);
  }
}
