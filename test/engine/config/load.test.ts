import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadSettings } from '../../../engine/config/load.js';
import { SettingsError } from '../../../engine/config/mistakes.js';
import { formatSource } from '../../../engine/config/sources.js';

/** The mistakes of a load, as `where: message` lines. */
async function mistakesOf(load: Promise<unknown>): Promise<string[]> {
  const error = await load.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SettingsError)) throw error ?? new Error('no mistake was found');
  return error.mistakes.map(({ where, message }) => `${where}: ${message}`);
}

const set = (...texts: string[]) => mistakesOf(loadSettings({ set: texts }));

t.test('without anything given every setting has its default', async (t) => {
  const { settings, sources } = await loadSettings({});
  t.equal(settings.numPartitions, 1);
  t.equal(settings.durability, 'fsync');
  t.strictSame(settings.kafkaListeners, [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }]);
  t.ok([...sources.values()].every(({ kind }) => kind === 'default'));
});

t.test('flags win over the environment, the environment over the file', async (t) => {
  const file = join(
    t.testdir({ 'k.yaml': 'workers: 2\nnumPartitions: 3\nringSlots: 128\n' }),
    'k.yaml',
  );
  const { settings, sources } = await loadSettings({
    file,
    environment: { KOPJE_WORKERS: '4', KOPJE_NUM_PARTITIONS: '5', PATH: '/bin' },
    set: ['workers=6', 'workers=7'],
  });
  t.strictSame([settings.workers, settings.numPartitions, settings.ringSlots], [7, 5, 128]);
  const sourceOf = (name: 'workers' | 'numPartitions' | 'ringSlots' | 'rack') =>
    formatSource(sources.get(name as 'workers') ?? { kind: 'default' });
  t.equal(sourceOf('workers'), '--set workers');
  t.equal(sourceOf('numPartitions'), 'KOPJE_NUM_PARTITIONS');
  t.equal(sourceOf('ringSlots'), `${file}:3`);
});

t.test('every mistake of a file is told at once, with its line', async (t) => {
  const text = [
    '# comment',
    'numPartition: 3',
    'durability: disk',
    'workers: many',
    'messageMaxBytes: -1',
    'log.retention.ms: 5',
    'backend: pulsar://localhost:port',
    'completelyUnlike: 1',
    'kafkaListeners: {a: 1}',
    'maxConnections:',
  ].join('\n');
  const file = join(t.testdir({ 'k.yaml': text }), 'k.yaml');
  t.strictSame(await mistakesOf(loadSettings({ file })), [
    `${file}:2: unknown setting 'numPartition'; did you mean numPartitions?`,
    `${file}:3: durability must be one of fsync, os, not 'disk'`,
    `${file}:4: workers must be a whole number (1 to 64), not 'many'`,
    `${file}:5: messageMaxBytes must be 0 to 2147483647, not -1`,
    `${file}:6: unknown setting 'log.retention.ms'; did you mean logRetentionMs?`,
    `${file}:7: backend is wrong: 'pulsar://localhost:port': 'localhost:port' is no HOST:PORT`,
    `${file}:8: unknown setting 'completelyUnlike'; kopje config lists them`,
    `${file}:9: kafkaListeners must be a list of name://host:port, not a mapping`,
    `${file}:10: maxConnections must be a whole number (1 to 2147483647), not empty`,
  ]);
});

t.test('YAML that is none, or no mapping', async (t) => {
  const folder = t.testdir({
    'a.yaml': 'workers: 1\nworkers: 2\n',
    'b.yaml': '- 1\n',
    'c.yaml': '',
  });
  const [twice = ''] = await mistakesOf(loadSettings({ file: join(folder, 'a.yaml') }));
  t.match(twice, /a\.yaml:2: is not valid YAML: .*unique/);
  t.strictSame(await mistakesOf(loadSettings({ file: join(folder, 'b.yaml') })), [
    `${join(folder, 'b.yaml')}:1: must be lines of the form name: value`,
  ]);
  t.equal((await loadSettings({ file: join(folder, 'c.yaml') })).settings.numPartitions, 1);
});

t.test('a file that was named must exist', async (t) => {
  t.strictSame(await mistakesOf(loadSettings({ file: '/nowhere/k.yaml' })), [
    '/nowhere/k.yaml: cannot be read: no such file',
  ]);
});

t.test('the environment', async (t) => {
  const load = (environment: NodeJS.ProcessEnv) => mistakesOf(loadSettings({ environment }));
  t.strictSame(await load({ KOPJE_WORKRES: '1', KOPJE_QQQQQQQQ: '1' }), [
    'KOPJE_WORKRES: no setting has this name; did you mean KOPJE_WORKERS?',
    'KOPJE_QQQQQQQQ: no setting has this name; kopje config lists them',
  ]);
  const kubernetes = {
    KOPJE_SERVICE_HOST: '10.0.0.1',
    KOPJE_SERVICE_PORT_KAFKA: '9092',
    KOPJE_PORT: 'tcp://10.0.0.1:9092',
    KOPJE_PORT_9092_TCP_ADDR: '10.0.0.1',
  };
  const { settings } = await loadSettings({ environment: kubernetes });
  t.equal(settings.numPartitions, 1, "a service's address is no setting");
});

t.test('flags', async (t) => {
  t.strictSame(await set('workers'), ['--set workers: must be name=value']);
  t.strictSame(await set('allowAutoTopicCreation=yes'), [
    "--set allowAutoTopicCreation: allowAutoTopicCreation must be true or false, not 'yes'",
  ]);
  t.strictSame(await set('ringSlots=100'), [
    "--set ringSlots: ringSlots must be a power of two, 64 to 65536, not '100'",
  ]);
  t.strictSame(await set('logCleanerMinCleanableRatio=2'), [
    "--set logCleanerMinCleanableRatio: logCleanerMinCleanableRatio must be a number from 0 to 1, not '2'",
  ]);
  const { settings } = await loadSettings({ set: ['logCleanupPolicy=delete, compact'] });
  t.strictSame(settings.logCleanupPolicy, ['compact', 'delete']);
});

t.test('int64 values beyond 2^53 mean no limit', async (t) => {
  const { settings } = await loadSettings({ set: ['logRetentionMs=9223372036854775807'] });
  t.equal(settings.logRetentionMs, Number.MAX_SAFE_INTEGER);
});

t.test('settings that contradict each other are blamed on the one that was given', async (t) => {
  t.strictSame(await set('groupMinSessionTimeoutMs=9000000'), [
    '--set groupMinSessionTimeoutMs: groupMinSessionTimeoutMs (9000000) exceeds ' +
      'groupMaxSessionTimeoutMs (1800000): no session timeout would be allowed',
  ]);
  t.strictSame(await set('landingBytes=8388608'), [
    '--set landingBytes: socketRequestMaxBytes (104857600) exceeds landingBytes (8388608): ' +
      'a request must fit into the landing memory',
  ]);
  t.strictSame(await set('landingBytes=2147483647'), [
    '--set landingBytes: landingBytes and smallFrameBytes (together 2155872255) exceed 2147483648',
  ]);
});

t.test('a file in the working directory is found by its name', async (t) => {
  const folder = t.testdir({});
  const before = process.cwd();
  t.teardown(() => process.chdir(before));
  writeFileSync(join(folder, 'kopje.yaml'), 'numPartitions: 9\n');
  process.chdir(folder);
  t.equal((await loadSettings({})).settings.numPartitions, 9);
});
