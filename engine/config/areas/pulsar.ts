import { boolean, choice, integer, text } from '../kinds.js';
import { namespaceList, optionalUrl, serviceUrlOr } from '../pulsar-kinds.js';
import { setting } from '../setting.js';

const mebibyte = 2 ** 20;

/** The Pulsar cluster that keeps the records, and what of it Kafka clients see. */
export const pulsar = {
  backend: setting({
    kind: serviceUrlOr('embedded'),
    default: 'embedded',
    origin: 'Kopje',
    summary:
      'What keeps the records: embedded is a log on local disk, pulsar://HOST:6650 (or pulsar+ssl://HOST:6651) a Pulsar cluster.',
  }),
  pulsarAdminUrl: setting({
    kind: optionalUrl,
    default: '',
    defaultText: 'none; a Pulsar backend needs one',
    origin: 'Kopje',
    summary: "URL of the cluster's admin API, such as http://HOST:8080.",
  }),
  kafkaTenant: setting({
    kind: text('a Pulsar tenant', /^[\w.:=-]+$/),
    default: 'public',
    origin: 'KoP',
    summary: 'Tenant of topics that Kafka clients name without one.',
  }),
  kafkaNamespace: setting({
    kind: text('a Pulsar namespace', /^[\w.:=-]+$/),
    default: 'default',
    origin: 'KoP',
    summary: 'Namespace of topics that Kafka clients name without one.',
  }),
  kafkaAllowedNamespaces: setting({
    kind: namespaceList,
    default: [],
    origin: 'KoP',
    summary:
      'Further namespaces whose topics Kafka clients see, under their names tenant/namespace/topic.',
  }),
  kafkaMetadataTenant: setting({
    kind: text('a Pulsar tenant', /^[\w.:=-]+$/),
    default: 'public',
    origin: 'KoP',
    summary: "Tenant of Kafka's own topics, such as __consumer_offsets.",
  }),
  kafkaMetadataNamespace: setting({
    kind: text('a Pulsar namespace', /^[\w.:=-]+$/),
    default: '__kafka',
    origin: 'KoP',
    summary: "Namespace of Kafka's own topics; nobody else may write there.",
  }),
  brokerSessionTimeoutMs: setting({
    kind: integer(1_000),
    default: 6_000,
    unit: 'ms',
    origin: 'Kafka',
    kafkaName: 'broker.session.timeout.ms',
    summary:
      'Of several nodes with one metadata namespace, one serves and the others wait. One that shows no sign of life for ' +
      'so long is replaced, and answers nobody any more.',
  }),
  entryFormat: setting({
    kind: choice(['kafka', 'mixed_kafka', 'pulsar']),
    default: (backend) => (backend === 'embedded' ? 'kafka' : 'pulsar'),
    defaultText: 'kafka; pulsar with a Pulsar backend, as KoP',
    origin: 'KoP',
    summary:
      "Format in which entries are written: pulsar is what Pulsar's clients read, kafka keeps batches as producers " +
      'sent them. The topic config entry.format goes before it. All formats are read, whatever this is.',
  }),
  pulsarCacheBytesPerWorker: setting({
    kind: integer(mebibyte),
    default: 64 * mebibyte,
    unit: 'bytes',
    origin: 'Kopje',
    summary:
      'Memory of each partition thread for entries that consumers are near: what is there costs Pulsar no read, ' +
      'however many consumers want it.',
  }),
  kopCompatible: setting({
    kind: boolean,
    default: true,
    origin: 'Kopje',
    summary:
      'Whether KoP is to read what is written in kafka and mixed_kafka. If not, small batches for a partition that ' +
      'wait together become one entry there, too, as they always do in pulsar; Pulsar has less work.',
  }),
  pulsarWriters: setting({
    kind: choice(['format', 'exclusive', 'shared']),
    default: 'format',
    origin: 'Kopje',
    summary:
      'Who writes to a topic on Pulsar, where neither it nor its namespace says so (pulsar.writers): exclusive is Kopje alone, ' +
      'shared is ordinary Pulsar producers as well. With format a topic that is served for the first time is shared if its ' +
      'format is pulsar, and stays as it is then.',
  }),
  kopCompatibleOffsets: setting({
    kind: choice(['auto', 'true', 'false']),
    default: 'auto',
    origin: 'Kopje',
    summary:
      'Whether groups and committed offsets are written so that KoP can read them, which keeps no leader epochs and ' +
      'no static members: auto does so where KoP has made __consumer_offsets.',
  }),
  pulsarGroupSubscriptions: setting({
    kind: choice(['auto', 'true', 'false']),
    default: 'auto',
    origin: 'Kopje',
    summary:
      "Whether a group's committed offsets show as the position of a Pulsar subscription of its name, so that Pulsar's " +
      'tools see its backlog: auto for topics whose entry format is pulsar. Never on topics with a backlog quota or a ' +
      'finite retention, which a subscription would hold up.',
  }),
  brokerClientAuthenticationPlugin: setting({
    kind: choice(
      [
        'none',
        'org.apache.pulsar.client.impl.auth.AuthenticationToken',
        'org.apache.pulsar.client.impl.auth.oauth2.AuthenticationOAuth2',
      ],
      { pattern: /^org\.apache\.pulsar\./, reason: 'only tokens and OAuth2 are served' },
    ),
    default: 'none',
    origin: 'Pulsar',
    summary: 'How Kopje proves to Pulsar who it is.',
  }),
  brokerClientAuthenticationParameters: setting({
    kind: text('a text', /^[\s\S]*$/),
    default: '',
    defaultText: 'empty',
    isSecret: true,
    origin: 'Pulsar',
    summary:
      'For a token `token:JWT` or `file:///PATH`, read again for each connection; for OAuth2 JSON with `issuerUrl`, `privateKey` (`file:///PATH` of JSON with client_id and client_secret), `audience` and `scope`.',
  }),
  brokerClientTrustCertsFilePath: setting({
    kind: text('a path, or empty', /^[^\0]*$/),
    default: '',
    defaultText: "Node's certificates",
    origin: 'Pulsar',
    summary: 'PEM file with the certificates that TLS connections to Pulsar trust.',
  }),
  tlsHostnameVerificationEnabled: setting({
    kind: boolean,
    default: true,
    origin: 'Pulsar',
    summary: "Whether a Pulsar broker's certificate has to bear its host's name.",
  }),
};
