import { describe, type Kind, textList } from './kinds.js';

/** One address of a list: `name://host:port`. */
export interface Listener {
  /** Upper case; all listeners speak Kafka's protocol in the clear. */
  readonly name: string;
  /** Host name or address, IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const pattern = /^([A-Za-z][A-Za-z0-9_.-]*):\/\/(\[[0-9a-fA-F:.%\w]+\]|[^\s:/@[\]]*):(\d{1,5})$/;
const secured = new Set(['SSL', 'SASL_PLAINTEXT', 'SASL_SSL']);

export function formatListener({ name, host, port }: Listener): string {
  return `${name}://${formatAddress({ host, port })}`;
}

export function formatAddress({ host, port }: Address): string {
  return `${formatHost(host)}:${port}`;
}

/** IPv6 addresses in brackets, as in a URL. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Addresses that bind every interface, at which no client can connect. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host);
}

function parseListener(item: string): Listener | string {
  const [, name = '', host = '', port = ''] = pattern.exec(item) ?? [];
  if (name === '') return `'${item}' is not name://host:port (IPv6 as name://[::1]:9092)`;
  const upperName = name.toUpperCase();
  if (secured.has(upperName)) {
    return `'${item}' cannot be served yet: TLS and SASL arrive later; use PLAINTEXT`;
  }
  if (host === '') return `'${item}' names no host; 0.0.0.0 or [::] binds every interface`;
  if (Number(port) > 65535) return `'${item}' has a port above 65535`;
  return { name: upperName, host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** An address without a name, or none. */
export type Address = Omit<Listener, 'name'>;

/** `host:port`, or empty for none. */
export const optionalAddress: Kind<Address | null> = {
  type: 'address',
  range: 'host:port, or empty',
  format: (address) => (address === null ? '' : formatAddress(address)),
  parse(raw) {
    if (raw === null || raw === '') return { value: null };
    // An object of a settings file may have no text at all.
    const parsed = typeof raw === 'string' ? parseListener(`http://${raw}`) : '';
    if (typeof parsed !== 'string') return { value: { host: parsed.host, port: parsed.port } };
    return { problem: `must be host:port (IPv6 as [::1]:9644) or empty, not ${describe(raw)}` };
  },
};

/** A list of `name://host:port`, each name once. */
export const listenerList: Kind<readonly Listener[]> = {
  type: 'list',
  range: 'name://host:port, …',
  format: (listeners) => listeners.map(formatListener).join(','),
  parse(raw) {
    const items = raw === null ? [] : textList(raw);
    if (items === null) {
      return { problem: `must be a list of name://host:port, not ${describe(raw)}` };
    }
    const listeners: Listener[] = [];
    for (const item of items) {
      const listener = parseListener(item);
      if (typeof listener === 'string') return { problem: `is wrong: ${listener}` };
      if (listeners.some(({ name }) => name === listener.name)) {
        return { problem: `is wrong: two listeners are called ${listener.name}; names differ` };
      }
      listeners.push(listener);
    }
    return { value: listeners };
  },
};
