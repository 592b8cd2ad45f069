/** Where a Pulsar broker listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

const defaultPorts = { 'pulsar:': 6650, 'pulsar+ssl:': 6651 } as const;

/**
 * Reads `pulsar://host[:port][,host[:port]…]` or `pulsar+ssl://…`, Pulsar's service URL.
 * @throws Error that says what is wrong with it
 */
export function parseServiceUrl(url: string): BrokerAddress[] {
  const [, scheme = '', hosts = ''] = /^(pulsar(?:\+ssl)?:)\/\/([^/]+)\/?$/.exec(url) ?? [];
  const port = defaultPorts[scheme as keyof typeof defaultPorts];
  if (port === undefined) {
    throw new Error(`'${url}' is no Pulsar service URL: write pulsar://HOST:PORT`);
  }
  return hosts.split(',').map((part) => {
    const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+)(?::(\d{1,5}))?$/.exec(part.trim());
    const number = match?.[2] === undefined ? port : Number(match[2]);
    if (match === null || number < 1 || number > 65_535) {
      throw new Error(`'${url}': '${part}' is no HOST:PORT`);
    }
    const host = (match[1] as string).replace(/^\[|\]$/g, '');
    return { host, port: number, tls: scheme === 'pulsar+ssl:' };
  });
}

/** Key of an address in a map of connections. */
export function addressKey({ host, port, tls }: BrokerAddress): string {
  return `${tls ? 'tls' : 'tcp'}|${host}|${port}`;
}
