/** Fails when a request costs more of what can be counted than it did: see `bounds.ts`. */
import t, { type Test } from 'tap';
import type { RawConnection } from '../../bench/load/kafka/raw-connection.js';
import {
  heapMeasuredOn,
  instructions,
  measured,
  mostForRecord,
  type RequestCost,
  slack,
} from './bounds.js';
import { HookedBroker } from './hooked-broker.js';
import { countEvent } from './instructions.js';
import { createTopic, fetchAgain, type ProduceShape, produceAll, produceFrames } from './load.js';
import type { ThreadWork } from './work-hook.js';

/** Nothing is compiled away, and no garbage collected unasked. */
const flags = ['--no-opt', '--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
/**
 * The first warms up; of the others the least counts. What else goes on in a process only adds, the more of it the
 * slower the machine is: where that comes to more than the bounds, there is one round more, up to a limit.
 */
const leastRounds = 3;
const mostRounds = 12;
const warmUpRounds = 10;

interface Scenario {
  readonly name: string;
  /** Requests of a round, one after the other. */
  readonly requests: number;
  readonly recordsPerRequest: number;
  run(connection: RawConnection, requests: number): Promise<void>;
}

interface Produced extends Omit<ProduceShape, 'topic'> {
  readonly requests: number;
  readonly format?: string;
}

/** The topics that the scenarios write to, by the name of the scenario. */
const topics: { readonly topic: string; readonly shape: ProduceShape; readonly format: string }[] =
  [];

function produce(name: string, produced: Produced): Scenario {
  const topic = `topic-${topics.length}`;
  const { requests, format = 'kafka', ...rest } = produced;
  const shape = { topic, ...rest };
  topics.push({ topic, shape, format });
  const frames = produceFrames(shape, 4);
  return {
    name,
    requests,
    recordsPerRequest: shape.partitions * shape.recordsPerBatch,
    run: (connection, count) => produceAll(connection, frames, count, 1),
  };
}

function fetch(name: string, topic: string, maxBytes: number, requests: number): Scenario {
  const run = (connection: RawConnection, count: number) =>
    fetchAgain(connection, topic, maxBytes, count);
  return { name, requests, recordsPerRequest: 0, run };
}

const large = { partitions: 4, recordsPerBatch: 62, recordBytes: 1024 };
const few = produce('produce 4 × 62 records', { ...large, requests: 25 });
const many = produce('produce 4 × 620 records', {
  partitions: 4,
  recordsPerBatch: 620,
  recordBytes: 94,
  requests: 25,
});
const scenarios: readonly Scenario[] = [
  few,
  many,
  produce('produce 1 record', {
    partitions: 1,
    recordsPerBatch: 1,
    recordBytes: 100,
    requests: 100,
  }),
  produce('produce 62 records, pulsar', {
    ...large,
    partitions: 1,
    requests: 30,
    format: 'pulsar',
  }),
  fetch('fetch 128 KiB from a file', 'topic-0', 128 * 1024, 40),
  fetch('fetch 1 record', 'topic-2', 200, 100),
  fetch('fetch 62 records, pulsar', 'topic-3', 64 * 1024, 30),
];

async function connect(broker: HookedBroker<unknown>): Promise<RawConnection> {
  const connection = await broker.connect();
  for (const { topic, shape, format } of topics) {
    await createTopic(connection, topic, shape.partitions, { 'entry.format': format });
  }
  return connection;
}

const figures = Object.keys(slack) as (keyof RequestCost)[];

async function costOf(
  broker: HookedBroker<ThreadWork>,
  connection: RawConnection,
  { name, requests, run }: Scenario,
): Promise<RequestCost> {
  let least: RequestCost | null = null;
  const before = await copiedBytes(broker);
  await broker.order('begin');
  for (let round = 1; ; round++) {
    await run(connection, requests);
    const cost = costOfRound(await broker.order('next'), requests);
    if (round === 1) continue;
    least = least === null ? cost : lesser(least, cost);
    const isEnough = figures.every((figure) => least![figure] <= mostOf(name, figure));
    if (round < leastRounds || (!isEnough && round < mostRounds)) continue;
    const copied = (await copiedBytes(broker)) - before;
    return { ...least, copiedBytes: copied / (round * requests) };
  }
}

function costOfRound(threads: readonly ThreadWork[], requests: number): RequestCost {
  const sum = (of: readonly ThreadWork[], figure: 'run' | 'heapBytes' | 'bufferBytes') =>
    of.reduce((all, work) => all + work[figure], 0) / requests;
  const heap = (of: readonly ThreadWork[]) =>
    of.some(({ isCollected }) => isCollected) ? Number.POSITIVE_INFINITY : sum(of, 'heapBytes');
  const [main, workers] = [threads.slice(0, 1), threads.slice(1)];
  return {
    mainRun: sum(main, 'run'),
    workersRun: sum(workers, 'run'),
    mainHeapBytes: heap(main),
    workersHeapBytes: heap(workers),
    bufferBytes: sum(threads, 'bufferBytes'),
    copiedBytes: 0,
  };
}

function lesser(one: RequestCost, other: RequestCost): RequestCost {
  const least = figures.map((figure) => [figure, Math.min(one[figure], other[figure])]);
  return Object.fromEntries(least) as unknown as RequestCost;
}

/** The most that is no growth. */
function mostOf(name: string, figure: keyof RequestCost): number {
  const { share, flat } = slack[figure];
  return (measured[name]?.[figure] ?? 0) * (1 + share) + flat;
}

async function copiedBytes(broker: HookedBroker<unknown>): Promise<number> {
  const { copied } = await broker.counted();
  return [...copied.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function hold(t: Test, { name }: Scenario, figure: keyof RequestCost, found: number): void {
  const before = measured[name]?.[figure] ?? 0;
  const most = mostOf(name, figure);
  const told = `${name}: ${figure} is ${found.toFixed(1)} a request, was ${before}`;
  const grown = ((found / before - 1) * 100).toFixed(1);
  t.ok(
    found <= most,
    found <= most ? told : `${told}: ${grown} % more; see test/counters/bounds.ts for what to do`,
  );
}

const isHeap = (figure: string) => figure.endsWith('HeapBytes') || figure === 'bufferBytes';

t.test('what is run and allocated for a request has not grown', async (t) => {
  const broker = await HookedBroker.start<ThreadWork>(t, { hook: 'work-hook', flags });
  const connection = await connect(broker);
  const nodeVersion = Number(process.versions.node.split('.', 1)[0]);
  const costs = new Map<Scenario, RequestCost>();
  for (const scenario of scenarios) {
    const cost = await costOf(broker, connection, scenario);
    costs.set(scenario, cost);
    for (const figure of figures) {
      if (nodeVersion === heapMeasuredOn || !isHeap(figure))
        hold(t, scenario, figure, cost[figure]);
    }
  }
  connection.close();
  const [ofFew, ofMany] = [costs.get(few)!, costs.get(many)!];
  const records = many.recordsPerRequest - few.recordsPerRequest;
  const run = ofMany.mainRun + ofMany.workersRun - ofFew.mainRun - ofFew.workersRun;
  t.ok(run / records <= mostForRecord.run, `${run} characters are run for ${records} records more`);
  const heapBytes =
    ofMany.mainHeapBytes + ofMany.workersHeapBytes - ofFew.mainHeapBytes - ofFew.workersHeapBytes;
  const told = `${heapBytes} bytes of heap are taken for ${records} records more`;
  t.ok(heapBytes / records <= mostForRecord.heapBytes, told);
});

t.test('instructions for a request have not grown', async (t) => {
  const nothing = () => Promise.resolve();
  if ((await countEvent('instructions:u', process.pid, nothing)) === null) {
    t.pass('instructions', { skip: 'no perf events here: only the source that is run is counted' });
    return;
  }
  const broker = await HookedBroker.start<ThreadWork>(t, { hook: 'every-thread' });
  const connection = await connect(broker);
  for (const scenario of scenarios) {
    const { name, requests, run } = scenario;
    const before = instructions[name];
    if (before === undefined) continue;
    await run(connection, warmUpRounds * requests);
    const count = await countEvent('instructions:u', broker.pid, () => run(connection, requests));
    const found = Math.round((count ?? Number.NaN) / requests);
    if (before === null) t.pass(name, { skip: `the first count: ${found} instructions a request` });
    else t.ok(found <= before * 1.25, `${name}: ${found} instructions a request, was ${before}`);
  }
  connection.close();
});
