/** What a whole run must have asked and seen. */
import { apis } from '../../engine/api/served.js';
import { type ErrorTable, kafkaOnly, kopjeOnly, passing, provoked } from './error-codes.js';
import type { Witness } from './witness.js';

/** Versions of Kopje's that the Kafka beside it does not know yet: `key version`. */
const newerThanPeer = new Set(['42 3']);

/** The gaps of a run of all scenarios but those left out, by the name of the check. */
export function uncovered(
  kopje: Witness,
  kafka: Witness,
  leftOut: ReadonlySet<string>,
): { readonly [check: string]: string[] } {
  return {
    'coverage/every version of every API was asked': unasked(kopje, kafka),
    'coverage/every error code was seen from both': unseen(kopje, kafka, leftOut),
    'coverage/every error code that was seen is listed': unlisted(kopje, kafka),
  };
}

function unasked(...witnesses: readonly Witness[]): string[] {
  return [...apis.values()].flatMap((api) => {
    const count = api.maxVersion - api.minVersion + 1;
    const versions = Array.from({ length: count }, (_, index) => api.minVersion + index);
    return versions
      .filter((version) => !newerThanPeer.has(`${api.key} ${version}`))
      .filter((version) => !witnesses.every((witness) => witness.hasSent(api.key, version)))
      .map((version) => `${api.name} v${version} was asked by no scenario`);
  });
}

function unseen(kopje: Witness, kafka: Witness, leftOut: ReadonlySet<string>): string[] {
  const asked = entriesOf(provoked).filter(([, , , scenario]) => !leftOut.has(scenario));
  return asked.flatMap(([apiKey, name, error, scenario]) => {
    const silent = [
      ...(kopje.scenariosOf(apiKey, error).has(scenario) ? [] : ['Kopje']),
      ...(kafka.scenariosOf(apiKey, error).has(scenario) ? [] : ['Kafka']),
    ];
    const who = silent.join(' and ');
    return who === '' ? [] : [`${name} ${error} did not come from ${who} in ${scenario}`];
  });
}

function unlisted(kopje: Witness, kafka: Witness): string[] {
  return [...apis.values()].flatMap(({ key, name }) => {
    const both = [...Object.keys(provoked[name] ?? {}), ...passing];
    const ours = new Set([...both, ...Object.keys(kopjeOnly[name] ?? {})]);
    const theirs = new Set([...both, ...Object.keys(kafkaOnly[name] ?? {})]);
    return [
      ...kopje
        .errorsOf(key)
        .filter((error) => !ours.has(error))
        .map((error) => ['Kopje', error]),
      ...kafka
        .errorsOf(key)
        .filter((error) => !theirs.has(error))
        .map((error) => ['Kafka', error]),
    ].map(([who, error]) => `${name} ${error} came from ${who} and is not in error-codes.ts`);
  });
}

function entriesOf(table: ErrorTable) {
  const keys = new Map([...apis.values()].map((api) => [api.name, api.key]));
  return Object.entries(table).flatMap(([name, errors]) =>
    Object.entries(errors).map(
      ([error, scenario]) => [keys.get(name) ?? -1, name, error, scenario] as const,
    ),
  );
}
