/** What an earlier creation could not clear away is not written into: the next start would take it for another topic's. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { batchOf, createTopic, produce } from './records.js';
import { runBroker } from './running-broker.js';

t.test('a new topic takes over no directory that is already there', async (t) => {
  const dataDir = t.testdir({});
  const { connect } = await runBroker(t, { dataDir });
  const file = join(dataDir, 'left-0', 'partition.metadata');
  const foreign = 'version: 0\ntopic_id: QmE5OOGUR1ucge8APf10Nw\n';
  await mkdir(join(dataDir, 'left-0'));
  await writeFile(file, foreign);
  const client = await connect();
  await createTopic(client, 'left', 1);
  t.not(await readFile(file, 'utf8'), foreign);
  t.equal((await produce(client, 'left', 0, batchOf('first'))).errorCode, 0);
});
