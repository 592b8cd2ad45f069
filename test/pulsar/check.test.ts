/** `kopje check` against a real Pulsar, and against ones that lack a setting. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exitCodes } from '../../engine/cli/exit-codes.js';
import { kopje } from '../engine/cli/kopje.js';
import { preparePulsar, startPulsar } from '../peers/pulsar.js';
import { adminUrl, serviceUrl } from './peer.js';

// Pulsar takes up to half a minute to start beside others.
t.setTimeout(240_000);

function check(t: Test, backend: string, pulsarAdminUrl: string, ...set: string[]) {
  const settings = [
    `backend=${backend}`,
    `pulsarAdminUrl=${pulsarAdminUrl}`,
    'kafkaListeners=PLAINTEXT://127.0.0.1:0',
    ...set,
  ];
  const words = settings.flatMap((setting) => ['--set', setting]);
  return kopje(['check', ...words], { cwd: t.testdir({}) });
}

t.test('a cluster that has all', async (t) => {
  const { code, stdout } = await check(t, serviceUrl, adminUrl);
  t.equal(code, exitCodes.ok, stdout);
  t.match(stdout, /^ok +pulsar: Pulsar \d[\d.]* answers/m);
  t.match(stdout, /^ok +pulsar: entries are numbered/m);
  t.match(stdout, /^ok +pulsar: clients are told the numbers/m);
  t.match(stdout, /^ok +pulsar: topics have a retention of their own/m);
  t.match(stdout, /^warning +pulsar: 1 copies of each entry/m);
  t.match(stdout, /no problem found\n$/);
  const topics = await fetch(`${adminUrl}/admin/v2/persistent/public/default/partitioned`);
  t.notMatch(await topics.text(), /kopje-check/, 'nothing is left');
});

t.test('batches that are larger than entries may be', async (t) => {
  const { stdout } = await check(t, serviceUrl, adminUrl, 'messageMaxBytes=9000000');
  t.match(stdout, /→ lower messageMaxBytes \(9000000\), or set maxMessageSize=9016384/);
});

t.test('a namespace that is not there, and a cluster that is not', async (t) => {
  const none = await check(t, serviceUrl, adminUrl, 'kafkaNamespace=none');
  t.equal(none.code, exitCodes.unexpected);
  t.match(none.stdout, /^PROBLEM +pulsar: .*404.*Namespace does not exist/m);
  const silent = await check(t, serviceUrl, 'http://127.0.0.1:1');
  t.match(silent.stdout, /^PROBLEM +pulsar: .*ECONNREFUSED/m);
  t.match(silent.stdout, /→ see that Pulsar runs at /);
});

const missing: [setting: string, value: string, advice: RegExp][] = [
  [
    'brokerEntryMetadataInterceptors',
    '',
    /^PROBLEM +pulsar: entries are not numbered.*\n +→ set brokerEntryMetadataInterceptors=org\.apache/m,
  ],
  [
    'exposingBrokerEntryMetadataToClientEnabled',
    'false',
    /^PROBLEM +pulsar: clients are not told.*\n +→ set exposingBrokerEntryMetadataToClientEnabled=true/m,
  ],
];

for (const [setting, value, advice] of missing) {
  t.test(`a cluster without ${setting}`, async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'kopje-pulsar-'));
    t.teardown(() => rmSync(dataDir, { recursive: true, force: true }));
    const home = await preparePulsar();
    const others = { brokerDeleteInactiveTopicsEnabled: 'true', systemTopicEnabled: 'false' };
    const settings = { ...others, [setting]: value };
    const pulsar = await startPulsar({ home, dataDir, settings });
    t.teardown(() => pulsar.stop());
    const { code, stdout } = await check(t, pulsar.serviceUrl, pulsar.adminUrl);
    t.equal(code, exitCodes.unexpected, stdout);
    t.match(stdout, advice);
    t.match(stdout, /→ set brokerDeleteInactiveTopicsEnabled=false/);
    t.match(stdout, /→ set systemTopicEnabled=true and topicLevelPoliciesEnabled=true/);
  });
}
