/**
 * Holds Kopje against a real Kafka: the same requests to both, answers compared field by field.
 * `node dist/test/differential/run.js --kopje HOST:PORT --kafka HOST:PORT [SCENARIO...]`
 * Both brokers must have the same `brokerId` (`node.id`), and groups that do not wait for members.
 * Exits with 1 if a difference is not in the list of intended ones.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Difference, differencesOf } from './compare.js';
import { intention } from './intended.js';
import { Peer } from './peer.js';
import { Portraitist } from './portrait.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';

function addressOf(text: string | undefined): { host: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(text ?? '');
  if (match === null) throw new Error(`--kopje and --kafka want HOST:PORT, not ${text}`);
  return { host: match[1]!, port: Number(match[2]) };
}

/** Both brokers, each knowing the versions that both serve. */
async function meet(kopje: string | undefined, kafka: string | undefined): Promise<[Peer, Peer]> {
  const prefix = `diff-${randomBytes(3).toString('hex')}`;
  const [left, right] = [new Peer(addressOf(kopje), prefix), new Peer(addressOf(kafka), prefix)];
  const [ours, theirs] = await Promise.all([left.advertised(), right.advertised()]);
  left.close();
  right.close();
  const shared = new Map<number, [number, number]>();
  for (const [key, [least, greatest]] of ours) {
    const other = theirs.get(key);
    if (other === undefined) continue;
    shared.set(key, [Math.max(least, other[0]), Math.min(greatest, other[1])]);
  }
  return [new Peer(left, prefix, shared), new Peer(right, prefix, shared)];
}

async function take(scenario: Scenario, from: Peer): Promise<Map<string, unknown>> {
  const peer = from.begin();
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
  return [...names].flatMap((name) =>
    differencesOf(`${scenario.name}: ${name}`, ours.get(name), theirs.get(name)),
  );
}

/** Differences that several versions show alike, with the versions in one name. */
function merge(differences: readonly Difference[]): Difference[] {
  const merged = new Map<string, Difference & { readonly versions: string[] }>();
  for (const difference of differences) {
    const version = / v(-?\d+)/.exec(difference.at)?.[1];
    const at = difference.at.replace(/ v-?\d+/, ' v*');
    const key = `${at} ${difference.kopje} ${difference.kafka}`;
    const known = merged.get(key) ?? { ...difference, at, versions: [] };
    if (version !== undefined) known.versions.push(version);
    merged.set(key, known);
  }
  return [...merged.values()].map(({ at, kopje, kafka, versions }) => {
    const range = versions.length > 1 ? `${versions[0]}-${versions.at(-1)}` : (versions[0] ?? '');
    return { at: at.replace(' v*', ` v${range}`), kopje, kafka };
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { kopje: { type: 'string' }, kafka: { type: 'string' } },
    allowPositionals: true,
  });
  const [kopje, kafka] = await meet(values.kopje, values.kafka);
  let unwanted = 0;
  let intended = 0;
  for (const scenario of scenarios) {
    const wanted = positionals.some((start) => scenario.name.startsWith(start));
    if (positionals.length > 0 && !wanted) continue;
    for (const difference of merge(await compare(scenario, kopje, kafka))) {
      if (intention(difference) !== undefined) {
        intended++;
        continue;
      }
      unwanted++;
      process.stdout.write(
        `${difference.at}\n  kopje ${difference.kopje}\n  kafka ${difference.kafka}\n`,
      );
    }
  }
  process.stdout.write(`${unwanted} differences, ${intended} more that are intended\n`);
  return unwanted === 0 ? 0 : 1;
}

process.exitCode = await main();
