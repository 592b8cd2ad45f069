import type { Logger } from 'pino';
import { openPulsarClient } from '../../../workers/log/pulsar/client.js';
import type { PulsarBackend } from '../../../workers/ring/control.js';
import { PulsarTurn } from '../../cluster/pulsar-turn.js';
import type { Settings } from '../../config/schema.js';
import type { Storage } from '../storage.js';
import { PulsarCatalog } from './pulsar-catalog.js';

/** Everything is in the Pulsar cluster; nothing is kept on local disk. */
export function pulsarStorage(backend: PulsarBackend, settings: Settings, log: Logger): Storage {
  const turn = new PulsarTurn(backend, settings, log);
  return {
    workers: { backend, dataDir: settings.dataDir, storage: 'disk' },
    segments: null,
    load: () => Promise.resolve(),
    waitForTurn: (signal) => turn.wait(signal),
    get waitsFor() {
      return turn.waitsFor;
    },
    openCatalog(partitions, _failed, signal) {
      const client = openPulsarClient(backend);
      return PulsarCatalog.open({ client, partitions, settings, log, signal });
    },
    close: () => turn.end(),
  };
}
