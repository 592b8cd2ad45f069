/** Starts of a whole broker on a disk without room. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exitCodes } from '../../engine/cli/exit-codes.js';
import * as ask from './asking.js';
import { BrokerProcess } from './broker-process.js';
import { Ledger } from './ledger.js';
import { type DiskKind, SmallDisk, whyNotMountable } from './small-disk.js';
import { storedFaults } from './stored-log.js';

const testLimitMs = 120_000;
t.setTimeout(testLimitMs);
const diskBytes = 16 * 2 ** 20;
const settings = ['messageMaxBytes=500000', 'logSegmentBytes=1048576'];

/** The start ends with its own code and says what helps. */
async function checkRefused(t: Test, dataDir: string): Promise<void> {
  const broker = BrokerProcess.start(t, { dataDir, settings });
  t.equal(await broker.ended, exitCodes.diskFull, broker.text);
  t.match(broker.text, new RegExp(`^kopje: .*${dataDir}.*ENOSPC.*Make room`));
}

async function startOnFullDisks(t: Test, kind: DiskKind): Promise<void> {
  const disk = await SmallDisk.mount(t, kind, diskBytes);
  const dataDir = join(disk.path, 'data');
  const start = () => BrokerProcess.start(t, { dataDir, settings }).ready();
  disk.fill();
  await checkRefused(t, dataDir);
  disk.free();
  const first = await start();
  const client = await first.connect();
  t.equal(await ask.createTopic(client, 'a', 1), 0, 'with room it starts as if nothing had been');
  const ledger = new Ledger('a', 0);
  await ledger.begin(client);
  for (let i = 0; i < 20; i++) t.equal(await ledger.write(client, 100_000), 0);

  t.equal(await first.stop(), 0);
  disk.fill();
  const full = await start();
  t.same(await ledger.faults(await full.connect()), [], 'a full disk is read from after a stop');
  await full.kill();
  disk.fill();
  const again = await start();
  t.same(await ledger.faults(await again.connect()), [], 'and after a kill');
  await again.kill();

  // Without it LMDB maps a file that has no blocks, and touching them ends the process.
  rmSync(join(dataDir, 'kopje-catalog.mdb-lock'));
  disk.fill();
  await checkRefused(t, dataDir);
  disk.free();
  const last = await start();
  const later = await last.connect();
  t.same(await ledger.faults(later), [], 'nothing is damaged');
  t.equal(await ledger.write(later), 0);
  t.equal(await last.stop(), 0);
  t.same(storedFaults(dataDir), []);
}

for (const kind of ['tmpfs', 'ext4'] as const) {
  const skip = await whyNotMountable(kind);
  t.test(`starts on a full ${kind}`, { skip, timeout: testLimitMs }, (t) =>
    startOnFullDisks(t, kind),
  );
}
