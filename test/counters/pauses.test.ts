/** How long the collector of garbage holds the main thread up while a broker takes all that it is sent. */
import t from 'tap';
import { HookedBroker } from './hooked-broker.js';
import { createTopic, produceAll, produceFrames } from './load.js';

const longestMs = 5;
/** By the clock, which also runs while others have the cores: what is long by itself is long each time. */
const tries = 4;
const connections = 2;
const inFlight = 4;
/** Small batches: a request makes as much garbage as one of large ones, and fewer bytes have to go to the disk. */
const shape = { topic: 'pauses', partitions: 4, recordsPerBatch: 4, recordBytes: 1024 };
const requests = 4_000;

t.test(`no pause of the main thread is longer than ${longestMs} ms`, async (t) => {
  const broker = await HookedBroker.start<number[]>(t, { hook: 'pause-hook' });
  const clients = await Promise.all(Array.from({ length: connections }, () => broker.connect()));
  await createTopic(clients[0]!, shape.topic, shape.partitions, {});
  const frames = produceFrames(shape, 8);
  const load = (count: number) =>
    Promise.all(clients.map((one) => produceAll(one, frames, count / connections, inFlight)));
  // The start's own garbage, and what V8 compiles.
  await load(requests / 4);
  await broker.order('forget');
  const told: string[] = [];
  for (let turn = 1; turn <= tries; turn++) {
    await load(requests);
    const [main = []] = await broker.order('pauses');
    const longest = Math.max(0, ...main);
    told.push(`${main.length} pauses of at most ${longest.toFixed(1)} ms`);
    if (main.length > 0 && longest <= longestMs) break;
    if (turn === tries) t.fail('see the pauses below');
  }
  t.pass(told.join('; then '));
  for (const client of clients) client.close();
});
