import { AdminHttp, type AdminSettings } from './admin-http.js';
import { parseTopicName } from './topic-name.js';

export { AdminError, type AdminSettings } from './admin-http.js';

/** Where an index is found that no reader is sent. */
export type IndexSource = Pick<PulsarAdmin, 'ledgerIndex' | 'entryIndex'>;

/** The little of Pulsar's admin REST API (`/admin/v2`) that the log needs: what the binary protocol does not tell. */
export class PulsarAdmin {
  readonly http: AdminHttp;

  constructor(settings: AdminSettings) {
    this.http = new AdminHttp(settings);
  }

  /**
   * Index of the last entry as the managed ledger's metadata has it: exact while the current ledger is empty, else
   * too low. -1 where nothing was ever written. Rejects with AdminError.
   */
  async ledgerIndex(topic: string): Promise<number> {
    const info = await this.http.get<{ properties?: { index?: string } }>(
      `${topicPath(topic)}/internal-info`,
    );
    return info.properties?.index === undefined ? -1 : Number(info.properties.index);
  }

  /** Index of any stored entry, of markers too, which no reader is sent. Rejects with AdminError. */
  async entryIndex(topic: string, ledgerId: number, entryId: number): Promise<number> {
    const path = `${topicPath(topic)}/ledger/${ledgerId}/entry/${entryId}`;
    const { headers } = await this.http.ask({ method: 'GET', path });
    const index = headers['x-pulsar-broker-entry-metadata-index'];
    if (index === undefined) throw new Error(`${topic}: entry ${ledgerId}:${entryId} has no index`);
    return Number(index);
  }

  close(): void {
    this.http.close();
  }
}

/** Where the admin API has a topic, behind `/admin/v2/`. */
export function topicPath(topic: string): string {
  const { tenant, namespace, local } = parseTopicName(topic);
  return ['persistent', tenant, namespace, local].map(encodeURIComponent).join('/');
}
