/** Settings that are right one by one and wrong together. */
import { isWildcard } from './listener.js';
import { pulsarMistakes } from './pulsar-backend.js';
import type { SettingName, Settings } from './schema.js';

export interface Inconsistency {
  /** The settings that disagree; the mistake is reported where one of them was given. */
  readonly names: readonly SettingName[];
  readonly message: string;
}

type NumberName = {
  [Name in SettingName]: Settings[Name] extends number ? Name : never;
}[SettingName];

/** Pairs of which the first must not exceed the second, and why. */
const ordered: readonly (readonly [NumberName, NumberName, string])[] = [
  ['groupMinSessionTimeoutMs', 'groupMaxSessionTimeoutMs', 'no session timeout would be allowed'],
  ['messageMaxBytes', 'socketRequestMaxBytes', 'a batch must fit into a request'],
  ['socketRequestMaxBytes', 'landingBytes', 'a request must fit into the landing memory'],
  ['smallFrameBytes', 'landingBytes', 'the reserve is part of the landing memory'],
  ['messageMaxBytes', 'replyBytesPerWorker', 'a batch must fit into the reply memory'],
  ['messageMaxBytes', 'logSegmentBytes', 'a batch must fit into a segment'],
  ['numPartitions', 'maxPartitions', 'no topic could be created'],
  ['offsetsTopicNumPartitions', 'maxPartitions', '__consumer_offsets could not be created'],
  [
    'logCleanerMinCompactionLagMs',
    'logCleanerMaxCompactionLagMs',
    'a record would have to be compacted before it may be',
  ],
];

/** Offsets into the landing memory are int32 on the rings. */
const maxLandingBytes = 2 ** 31;

export function consistencyMistakes(settings: Settings): Inconsistency[] {
  const found: Inconsistency[] = [];
  for (const [least, most, reason] of ordered) {
    if (settings[least] <= settings[most]) continue;
    found.push({
      names: [most, least],
      message: `${least} (${settings[least]}) exceeds ${most} (${settings[most]}): ${reason}`,
    });
  }
  const sumBytes = settings.landingBytes + settings.smallFrameBytes;
  if (sumBytes > maxLandingBytes) {
    found.push({
      names: ['landingBytes', 'smallFrameBytes'],
      message: `landingBytes and smallFrameBytes (together ${sumBytes}) exceed ${maxLandingBytes}`,
    });
  }
  return [...found, ...listenerMistakes(settings), ...pulsarMistakes(settings)];
}

function listenerMistakes(settings: Settings): Inconsistency[] {
  const { kafkaListeners: listeners, kafkaAdvertisedListeners: advertised } = settings;
  const found: Inconsistency[] = [];
  const complain = (name: SettingName, message: string) => found.push({ names: [name], message });
  if (listeners.length === 0) complain('kafkaListeners', 'kafkaListeners names no listener');
  for (const { name, host } of advertised) {
    if (!listeners.some((listener) => listener.name === name)) {
      const message = `kafkaAdvertisedListeners has ${name}, which kafkaListeners has not`;
      complain('kafkaAdvertisedListeners', message);
    }
    if (isWildcard(host)) {
      const message = `kafkaAdvertisedListeners sends clients of ${name} to ${host}, which is no address to connect to`;
      complain('kafkaAdvertisedListeners', message);
    }
  }
  for (const { name, host } of listeners) {
    if (!isWildcard(host) || advertised.some((listener) => listener.name === name)) continue;
    const message = `listener ${name} binds every interface (${host}), so kafkaAdvertisedListeners must say where its clients connect`;
    complain('kafkaListeners', message);
  }
  const taken = new Set<string>();
  const { httpListener } = settings;
  for (const { host, port } of httpListener === null ? listeners : [...listeners, httpListener]) {
    const address = `${host} port ${port}`;
    if (port !== 0 && taken.has(address)) {
      complain('kafkaListeners', `two listeners have ${address}`);
    }
    taken.add(address);
  }
  return found;
}
