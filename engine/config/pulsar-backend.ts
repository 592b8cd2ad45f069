/** What the settings say about the Pulsar cluster, checked together, as the clients of all threads take it. */
import { readFile } from 'node:fs/promises';
import { snapshotTopicName } from '../../workers/log/pulsar/topic-name.js';
import type { Backend, PulsarAuthentication } from '../../workers/ring/control.js';
import type { Inconsistency } from './consistency.js';
import { SettingsError } from './mistakes.js';
import type { SettingName, Settings } from './schema.js';

/** A topic's first lookup on a cold broker takes seconds. */
const operationTimeoutMs = 30_000;

export function isOnPulsar({ backend }: Settings): boolean {
  return backend !== 'embedded';
}

/** Throws SettingsError if the certificates to trust cannot be read. */
export async function backendOf(settings: Settings): Promise<Backend> {
  if (!isOnPulsar(settings)) return { kind: 'embedded' };
  const { backend: serviceUrl, pulsarAdminUrl: adminUrl } = settings;
  const { kopCompatible, pulsarCacheBytesPerWorker: cacheBytes } = settings;
  const authentication = authenticationIn(settings);
  const ca = await trustedCertificates(settings.brokerClientTrustCertsFilePath);
  const tls = { ca, verifiesHostname: settings.tlsHostnameVerificationEnabled };
  const metadataNamespace = metadataNamespaceOf(settings);
  const snapshotTopic = `persistent://${metadataNamespace}/${snapshotTopicName}`;
  return {
    kind: 'pulsar',
    serviceUrl,
    adminUrl,
    authentication,
    tls,
    snapshotTopic,
    metadataNamespace,
    cacheBytes,
    kopCompatible,
    operationTimeoutMs,
  };
}

export function pulsarMistakes(settings: Settings): Inconsistency[] {
  const found: Inconsistency[] = [];
  const complain = (names: readonly SettingName[], message: string) =>
    found.push({ names, message });
  const { backend, pulsarAdminUrl, brokerClientTrustCertsFilePath } = settings;
  if (!isOnPulsar(settings)) {
    if (settings.pulsarWriters !== 'format') {
      const message = `pulsarWriters has no meaning with backend=${backend}: leave it out`;
      complain(['pulsarWriters'], message);
    }
    if (pulsarAdminUrl === '') return found;
    const message = `pulsarAdminUrl has no meaning with backend=${backend}: say backend=pulsar://HOST:6650 as well, or leave it out`;
    complain(['pulsarAdminUrl'], message);
    return found;
  }
  if (pulsarAdminUrl === '') {
    const message = `backend=${backend} needs pulsarAdminUrl, the cluster's admin API, such as http://HOST:8080`;
    complain(['backend'], message);
  }
  const isSecure = backend.startsWith('pulsar+ssl:') || pulsarAdminUrl.startsWith('https:');
  if (brokerClientTrustCertsFilePath !== '' && !isSecure) {
    const message =
      'brokerClientTrustCertsFilePath is for TLS: write the backend as pulsar+ssl://HOST:6651, or pulsarAdminUrl as https://HOST:8443';
    complain(['brokerClientTrustCertsFilePath'], message);
  }
  const metadata = metadataNamespaceOf(settings);
  if (servedNamespaces(settings).includes(metadata)) {
    const message = `${metadata} is the namespace of Kafka's own topics (kafkaMetadataTenant, kafkaMetadataNamespace), so clients' topics cannot be there`;
    complain(['kafkaMetadataNamespace', 'kafkaNamespace', 'kafkaAllowedNamespaces'], message);
  }
  try {
    authenticationIn(settings);
  } catch (error) {
    const names = [
      'brokerClientAuthenticationPlugin',
      'brokerClientAuthenticationParameters',
    ] as const;
    complain(names, (error as Error).message);
  }
  return found;
}

/** `tenant/namespace` of Kafka's own topics, and of Kopje's. */
export function metadataNamespaceOf(settings: Settings): string {
  return `${settings.kafkaMetadataTenant}/${settings.kafkaMetadataNamespace}`;
}

/** `tenant/namespace` of every namespace that clients see, first the one of plain names. */
export function servedNamespaces(settings: Settings): readonly string[] {
  const own = `${settings.kafkaTenant}/${settings.kafkaNamespace}`;
  return [...new Set([own, ...settings.kafkaAllowedNamespaces])];
}

async function trustedCertificates(path: string): Promise<string | null> {
  if (path === '') return null;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const message = `${path} cannot be read: ${(error as Error).message}`;
    throw new SettingsError([{ where: 'brokerClientTrustCertsFilePath', message }]);
  }
}

/** Throws Error with what is wrong; the parameters themselves are secret, and not quoted. */
function authenticationIn(settings: Settings): PulsarAuthentication {
  const {
    brokerClientAuthenticationPlugin: plugin,
    brokerClientAuthenticationParameters: parameters,
  } = settings;
  if (plugin === 'none') {
    if (parameters === '') return { kind: 'none' };
    throw new Error(
      'brokerClientAuthenticationParameters have no meaning without a brokerClientAuthenticationPlugin',
    );
  }
  if (plugin.endsWith('AuthenticationToken')) return tokenIn(parameters);
  return oauth2In(parameters);
}

function tokenIn(parameters: string): PulsarAuthentication {
  const [, scheme, value = ''] = /^(token|file):(.+)$/.exec(parameters) ?? [];
  if (scheme === 'token') return { kind: 'token', token: value };
  if (scheme === 'file') return { kind: 'token-file', path: value.replace(/^\/\/(?=\/)/, '') };
  throw new Error(
    'brokerClientAuthenticationParameters of AuthenticationToken must be token:JWT or file:///PATH',
  );
}

function oauth2In(parameters: string): PulsarAuthentication {
  const given = parsedObject(parameters);
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : null);
  const issuerUrl = text('issuerUrl');
  const privateKey = text('privateKey');
  if (issuerUrl === null || !URL.canParse(issuerUrl) || privateKey === null) {
    throw new Error(
      'brokerClientAuthenticationParameters of AuthenticationOAuth2 must be JSON with issuerUrl and privateKey',
    );
  }
  return {
    kind: 'oauth2',
    issuerUrl,
    privateKey,
    audience: text('audience'),
    scope: text('scope'),
  };
}

function parsedObject(json: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
  } catch {
    return {};
  }
}
