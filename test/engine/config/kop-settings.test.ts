/** A broker.conf with KoP in it is read as it is. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../../engine/config/load.js';
import { SettingsError } from '../../../engine/config/mistakes.js';

const file = resolve('test', 'engine', 'config', 'kop-broker.conf');
const cluster = ['backend=pulsar://broker-1:6650', 'pulsarAdminUrl=http://broker-1:8080'];

t.test(
  'all settings of KoP: those that there are count, of the others it is told why not',
  async (t) => {
    const { settings, notices } = await loadSettings({ file, set: cluster });
    t.match(settings, {
      backend: 'pulsar://broker-1:6650',
      kafkaListeners: [{ name: 'PLAINTEXT', host: '0.0.0.0', port: 9092 }],
      kafkaAdvertisedListeners: [{ name: 'PLAINTEXT', host: 'broker-1.example', port: 9092 }],
      kafkaTenant: 'acme',
      kafkaNamespace: 'sales',
      kafkaMetadataTenant: 'acme',
      kafkaMetadataNamespace: '__kafka',
      kafkaAllowedNamespaces: ['acme/sales', 'acme/orders'],
      entryFormat: 'mixed_kafka',
      brokerId: 3,
      allowAutoTopicCreation: false,
      brokerClientAuthenticationPlugin: 'none',
      maxQueuedRequests: 600,
      requestTimeoutMs: 40_000,
      connectionMaxIdleMs: 700_000,
      groupMinSessionTimeoutMs: 5_000,
      groupMaxSessionTimeoutMs: 400_000,
      groupInitialRebalanceDelayMs: 1_000,
      offsetsTopicNumPartitions: 25,
      offsetMetadataMaxSize: 8_192,
      offsetsRetentionMinutes: 4_320,
      offsetsRetentionCheckIntervalMs: 500_000,
    });
    const lines = readFileSync(file, 'utf8').split('\n');
    const told = notices.map(({ where, message }) => {
      const line = Number(where.slice(where.lastIndexOf(':') + 1));
      const [name = ''] = (lines[line - 1] ?? '').split('=');
      t.ok(message.startsWith(`${name} has no effect: `), `${where}: ${message}`);
      return name;
    });
    t.equal(new Set(told).size, told.length);
    t.ok(told.includes('kopSslProtocol') && told.includes('saslAllowedMechanisms'));
    t.notOk(told.includes('zookeeperServers'), "Pulsar's own are not told of");
  },
);

t.test('older names count as the newer ones', async (t) => {
  const text = 'listeners=PLAINTEXT://127.0.0.1:9093\nkopAllowedNamespaces=public/other\n';
  const older = join(t.testdir({ 'broker.conf': text }), 'broker.conf');
  const { settings, notices } = await loadSettings({ file: older, set: cluster });
  t.match(settings.kafkaListeners, [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9093 }]);
  t.strictSame(settings.kafkaAllowedNamespaces, ['public/other']);
  t.strictSame(notices, []);
});

t.test("a name of KoP's that is misspelt, and a value that is wrong, are mistakes", async (t) => {
  const text = '# KoP\nkafkaTennant=acme\nentryFormat=json\nunrelated=1\n';
  const wrong = join(t.testdir({ 'broker.conf': text }), 'broker.conf');
  const error = await loadSettings({ file: wrong, set: cluster }).catch(
    (thrown: unknown) => thrown,
  );
  t.match(error, SettingsError);
  t.strictSame((error as SettingsError).mistakes, [
    { where: `${wrong}:2`, message: "unknown setting 'kafkaTennant'; did you mean kafkaTenant?" },
    {
      where: `${wrong}:3`,
      message: "entryFormat must be one of kafka, mixed_kafka, pulsar, not 'json'",
    },
  ]);
});
