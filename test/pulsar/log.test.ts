/** The log over a real Pulsar: what every log must do, and what is Pulsar's own. */
import t, { type Test } from 'tap';
import type { EntryFormat } from '../../workers/format/entry-encoder.js';
import { openPulsarLog } from '../../workers/log/pulsar/open.js';
import { threadTools } from '../../workers/log/pulsar/thread-tools.js';
import { codecs } from '../workers/log/batches.js';
import { conformance } from '../workers/log/conformance.js';
import { logConfig } from '../workers/log/log-config.js';
import type { OpenedLog } from '../workers/log/session.js';
import { admin, lookupOf, newTopic } from './peer.js';

// A broker that was just started takes seconds for its first topics.
t.setTimeout(280_000);

for (const entryFormat of ['kafka', 'pulsar'] satisfies EntryFormat[]) {
  t.test(`a new topic, in ${entryFormat}`, async (t) => {
    conformance(t, async (t: Test) => {
      const topic = newTopic();
      const lookup = lookupOf(t);
      const open = async (): Promise<OpenedLog> => {
        const log = await openPulsarLog({
          tools: threadTools({ lookup, admin }, codecs, 2 ** 24),
          topic,
          config: logConfig({ entryFormat }),
          clock: Date.now,
          visitor: { snapshot() {}, batch() {} },
          report: () => undefined,
          copied: () => undefined,
          knownEndOffset: 0,
        });
        return {
          log,
          async reopen() {
            await log.close();
            return open();
          },
        };
      };
      return open();
    });
  });
}
