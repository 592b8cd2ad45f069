/**
 * Holds Kopje against a real Kafka: the same requests to both, answers compared field by field.
 * `npm run test:differential -- --help` tells the options.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Missing } from '../peers/programs.js';
import { named, ownKafka, ownKopje, type Running } from './brokers.js';
import { type Difference, differencesOf } from './compare.js';
import { uncovered } from './coverage.js';
import { awaitCoordinators } from './group.js';
import { Intentions } from './intended.js';
import { Peer } from './peer.js';
import { Portraitist } from './portrait.js';
import { Report } from './report.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';
import { Witness } from './witness.js';

const usage = `npm run test:differential -- [options] [SCENARIO...]

Sends the same requests to Kopje and to a real Kafka and compares the answers. Starts both, Kafka from
Maven artifacts; without Java or Maven nothing is run. Words choose the scenarios whose names begin so.

  --kopje HOST:PORT  a Kopje that runs already
  --kafka HOST:PORT  a Kafka that runs already
  --intended         also prints the differences that are meant
  --help             prints this

Brokers that run already must be fresh, have the id 1, and groups that do not wait for members
(group.initial.rebalance.delay.ms=0). What needs a restart is left out with them.
`;

/** Most of the time is waiting, so several scenarios run at once. */
const lanes = 4;

/** Both brokers, each knowing the versions that both serve. */
async function meet(kopje: Running, kafka: Running): Promise<[Peer, Peer]> {
  const prefix = `diff-${randomBytes(3).toString('hex')}`;
  const [ours, theirs] = await Promise.all([advertised(kopje), advertised(kafka)]);
  const ranges = new Map<number, [number, number]>();
  for (const [key, [least, greatest]] of ours) {
    const other = theirs.get(key);
    if (other === undefined) continue;
    ranges.set(key, [Math.max(least, other[0]), Math.min(greatest, other[1])]);
  }
  const peerOf = ({ address, restart }: Running) =>
    new Peer({ ...address, prefix, ranges, witness: new Witness(), restart });
  const peers: [Peer, Peer] = [peerOf(kopje), peerOf(kafka)];
  await Promise.all(peers.map((peer) => awaitCoordinators(peer.begin('groups can be asked'))));
  return peers;
}

async function advertised({ address }: Running) {
  const peer = new Peer(address);
  try {
    return await peer.advertised();
  } finally {
    peer.close();
  }
}

async function take(scenario: Scenario, from: Peer): Promise<Map<string, unknown>> {
  const peer = from.begin(scenario.name);
  try {
    await scenario.run(peer);
  } catch (error) {
    peer.note('gave up', String(error));
  } finally {
    peer.close();
  }
  const portraitist = new Portraitist();
  const seen = new Map<string, unknown>();
  for (const step of peer.steps) {
    const name = seen.has(step.name) ? `${step.name} (${seen.size})` : step.name;
    seen.set(name, portraitist.portray(step.seen));
  }
  return seen;
}

async function compare(scenario: Scenario, kopje: Peer, kafka: Peer): Promise<Difference[]> {
  const [ours, theirs] = await Promise.all([take(scenario, kopje), take(scenario, kafka)]);
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  const differences = [...names].flatMap((name) =>
    differencesOf(`${scenario.name}: ${name}`, ours.get(name), theirs.get(name)),
  );
  // A scenario that both brokers broke is no agreement.
  const gaveUp = ours.get('gave up');
  const both = gaveUp !== undefined && gaveUp === theirs.get('gave up');
  const at = `${scenario.name}: gave up`;
  return both ? [...differences, { at, kopje: String(gaveUp), kafka: 'likewise' }] : differences;
}

async function runAll(kopje: Peer, kafka: Peer, words: string[], report: Report): Promise<void> {
  const isWanted = ({ name, onlyNamed }: Scenario) =>
    words.includes(name) ||
    (!onlyNamed && (words.length === 0 || words.some((word) => name.startsWith(word))));
  const canRestart = kopje.canRestart && kafka.canRestart;
  const wanted = scenarios.filter((one) => isWanted(one) && (canRestart || !one.restarts));
  const intentions = new Intentions();
  const runOne = async (scenario: Scenario) => {
    const startedMs = performance.now();
    const differences = await compare(scenario, kopje, kafka);
    report.scenario(scenario.name, startedMs, differences, intentions);
  };
  const waiting = wanted.filter(({ comesLast, restarts }) => !comesLast && !restarts);
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await runOne(next);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  for (const scenario of wanted.filter((one) => one.comesLast)) await runOne(scenario);
  for (const scenario of wanted.filter((one) => one.restarts)) await runOne(scenario);
  if (words.length > 0) return;
  const leftOut = new Set(scenarios.filter((one) => !wanted.includes(one)).map(({ name }) => name));
  for (const [name, gaps] of Object.entries(uncovered(kopje.witness, kafka.witness, leftOut))) {
    report.check(name, gaps);
  }
  report.check('coverage/every intended difference still exists', intentions.idle());
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      kopje: { type: 'string' },
      kafka: { type: 'string' },
      intended: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const report = new Report(values.intended);
  const running: Running[] = [];
  try {
    const kafka = values.kafka === undefined ? await ownKafka() : named(values.kafka);
    running.push(kafka);
    const kopje = values.kopje === undefined ? await ownKopje() : named(values.kopje);
    running.push(kopje);
    await runAll(...(await meet(kopje, kafka)), positionals, report);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    process.stdout.write(
      `skipped: ${error.message}, and Kafka comes from Maven and runs on Java\n`,
    );
  } finally {
    await Promise.all(running.map((broker) => broker.end()));
  }
  return report.end() ? 0 : 1;
}

process.exitCode = await main();
