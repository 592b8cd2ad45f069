import { join } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../../engine/config/load.js';
import { SettingsError } from '../../../engine/config/mistakes.js';
import { backendOf, servedNamespaces } from '../../../engine/config/pulsar-backend.js';
import { reportJson, reportText } from '../../../engine/config/report.js';

const pulsar = ['backend=pulsar://host:6650', 'pulsarAdminUrl=http://host:8080/'];
const token = 'org.apache.pulsar.client.impl.auth.AuthenticationToken';
const oauth2 = 'org.apache.pulsar.client.impl.auth.oauth2.AuthenticationOAuth2';

async function backend(...set: string[]) {
  return backendOf((await loadSettings({ set: [...pulsar, ...set] })).settings);
}

async function mistakes(...set: string[]): Promise<string> {
  try {
    await loadSettings({ set });
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return '';
}

t.test('a Pulsar cluster by its URLs', async (t) => {
  t.strictSame(await backend(), {
    kind: 'pulsar',
    serviceUrl: 'pulsar://host:6650',
    adminUrl: 'http://host:8080',
    authentication: { kind: 'none' },
    tls: { ca: null, verifiesHostname: true },
    snapshotTopic: 'persistent://public/__kafka/__kopje_producers',
    metadataNamespace: 'public/__kafka',
    cacheBytes: 64 * 2 ** 20,
    kopCompatible: true,
    operationTimeoutMs: 30_000,
  });
  const { settings } = await loadSettings({});
  t.strictSame(await backendOf(settings), { kind: 'embedded' });
});

t.test('who Kopje is to Pulsar', async (t) => {
  const plugin = `brokerClientAuthenticationPlugin=${token}`;
  const ask = async (...set: string[]) => {
    const { authentication } = (await backend(...set)) as { authentication?: unknown };
    return authentication;
  };
  const parameters = 'brokerClientAuthenticationParameters=';
  t.strictSame(await ask(plugin, `${parameters}token:a.b.c`), { kind: 'token', token: 'a.b.c' });
  for (const file of ['file:///run/jwt', 'file:/run/jwt']) {
    const expected = { kind: 'token-file', path: '/run/jwt' };
    t.strictSame(await ask(plugin, parameters + file), expected);
  }
  const key = { issuerUrl: 'https://issuer', privateKey: 'file:///key.json', audience: 'pulsar' };
  t.strictSame(
    await ask(
      `brokerClientAuthenticationPlugin=${oauth2}`,
      `${parameters}${JSON.stringify({ type: 'client_credentials', ...key })}`,
    ),
    { kind: 'oauth2', ...key, scope: null },
  );
});

t.test('certificates to trust', async (t) => {
  const file = join(t.testdir({ 'ca.pem': 'PEM' }), 'ca.pem');
  const secure = 'backend=pulsar+ssl://host';
  t.match(await backend(secure, `brokerClientTrustCertsFilePath=${file}`), { tls: { ca: 'PEM' } });
  await t.rejects(backend(secure, `brokerClientTrustCertsFilePath=${file}.none`), {
    name: 'SettingsError',
    message: /ca\.pem\.none cannot be read/,
  });
});

t.test('what does not go together stops the start', async (t) => {
  const [url = '', admin = ''] = pulsar;
  const parameters = 'brokerClientAuthenticationParameters=';
  const cases: [string[], RegExp][] = [
    [[url], /^--set backend: .* needs pulsarAdminUrl/],
    [[admin], /^--set pulsarAdminUrl: pulsarAdminUrl has no meaning with backend=embedded/],
    [['backend=pulsar://host:port'], /backend is wrong: .*'host:port' is no HOST:PORT/],
    [['backend=kafka'], /backend must be one of embedded, pulsar:\/\/HOST:PORT/],
    [[url, 'pulsarAdminUrl=host:8080'], /pulsarAdminUrl must be http:\/\/HOST:PORT/],
    [['pulsarWriters=shared'], /pulsarWriters has no meaning with backend=embedded/],
    [[...pulsar, 'kafkaNamespace=__kafka'], /public\/__kafka is the namespace of Kafka's own/],
    [[...pulsar, 'kafkaAllowedNamespaces=a/b,c'], /must be a list of tenant\/namespace, not 'c'/],
    [
      [...pulsar, 'brokerClientTrustCertsFilePath=/ca'],
      /is for TLS: write the backend as pulsar\+ssl/,
    ],
    [[...pulsar, `${parameters}token:secret`], /no meaning without a brokerClientAuthenticationPl/],
    [
      [...pulsar, `brokerClientAuthenticationPlugin=${token}`, `${parameters}secret`],
      /must be token:JWT or file:/,
    ],
    [
      [...pulsar, `brokerClientAuthenticationPlugin=${oauth2}`, `${parameters}{"issuerUrl":"x"}`],
      /must be JSON with issuerUrl and privateKey/,
    ],
    [
      [...pulsar, 'brokerClientAuthenticationPlugin=org.apache.pulsar.Athenz'],
      /only tokens and OAu/,
    ],
  ];
  for (const [set, expected] of cases) t.match(await mistakes(...set), expected);
  t.notMatch(await mistakes(...pulsar, `${parameters}token:secret`), /secret/);
});

t.test('a secret is not printed', async (t) => {
  const set = [...pulsar, `brokerClientAuthenticationPlugin=${token}`];
  const given = 'brokerClientAuthenticationParameters=token:topsecret';
  const loaded = await loadSettings({ set: [...set, given] });
  t.match(reportText(loaded), /brokerClientAuthenticationParameters +\(hidden\)/);
  t.match(reportJson(loaded), /"value": "\(hidden\)"/);
  t.notMatch(reportText(loaded) + reportJson(loaded), /topsecret/);
});

t.test('the namespaces that clients see, each once', async (t) => {
  const { settings } = await loadSettings({
    set: ['kafkaTenant=t', 'kafkaNamespace=n', 'kafkaAllowedNamespaces=a/b,t/n,a/b'],
  });
  t.strictSame(servedNamespaces(settings), ['t/n', 'a/b']);
});
