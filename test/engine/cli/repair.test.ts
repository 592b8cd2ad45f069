import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DirectoryLock } from '../../../engine/catalog/directory-lock.js';
import { exitCodes } from '../../../engine/cli/exit-codes.js';
import { batchOf, createTopic, fetch, produce, valuesIn } from '../../whole/records.js';
import { runBroker } from '../../whole/running-broker.js';
import { kopje } from './kopje.js';

const freePort = 'kafkaListeners=PLAINTEXT://127.0.0.1:0';

t.test(
  'cuts what is damaged, keeps what is sound, and the broker goes on from there',
  async (t) => {
    const dataDir = t.testdir();
    const first = await runBroker(t, { dataDir });
    const client = await first.connect();
    await createTopic(client, 'r', 1);
    await produce(client, 'r', 0, batchOf('sound'));
    const segment = join(dataDir, 'r-0', '00000000000000000000.log');
    const soundBytes = statSync(segment).size;
    await produce(client, 'r', 0, batchOf('damaged'));
    client.close();
    await first.broker.close();
    const fd = openSync(segment, 'r+');
    writeSync(fd, 'X', soundBytes + 65);
    closeSync(fd);

    const settings = ['-s', freePort, '-s', `dataDir=${dataDir}`];
    const { code, stdout } = await kopje(['check', '--repair', ...settings], { cwd: dataDir });
    t.equal(code, exitCodes.ok, stdout);
    t.match(stdout, /^warning +repair: r-0: \d+ damaged bytes were cut; .*CRC/m);
    t.match(stdout, /^ok +repair: 1 partition\(s\) verified/m);

    const second = await runBroker(t, { dataDir });
    const again = await second.connect();
    await produce(again, 'r', 0, batchOf('new'));
    const { responses } = await fetch(again, 'r', [{ partition: 0, fetchOffset: 0 }]);
    const { values, nextOffset } = valuesIn(responses[0]?.partitions[0]?.records);
    t.strictSame(values, ['sound', 'new']);
    t.equal(nextOffset, 3, 'the offset of the lost record is not given again');
    again.close();
    await second.broker.close();
  },
);

t.test('leaves a directory alone that a broker works on', async (t) => {
  const cwd = t.testdir({ data: {} });
  const lock = await DirectoryLock.acquire(join(cwd, 'data'));
  t.teardown(() => lock.release());
  const { code, stderr } = await kopje(['check', '--repair', '-s', freePort], { cwd });
  t.equal(code, exitCodes.dataDirectory);
  t.match(stderr, new RegExp(`pid ${process.pid}`));
});
