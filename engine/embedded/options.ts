import type { Address } from '../config/listener.js';
import { settingsOf } from '../config/load.js';
import type { Listener, Settings } from '../config/schema.js';

/** A setting's value as kopje.yaml takes it: addresses and lists are texts. */
type Given<T> = T extends readonly Listener[]
  ? string | readonly string[]
  : T extends readonly (infer W)[]
    ? W | readonly W[]
    : Exclude<T, Address> | (Address extends T ? string : never);

/** Every setting of the broker, by name; docs/settings.md says what they mean. */
export type KopjeOptions = {
  readonly [Name in keyof Settings]?: Given<Settings[Name]> | undefined;
};

/** What a broker inside a test wants otherwise than one in production. */
const defaults = {
  kafkaListeners: 'PLAINTEXT://127.0.0.1:0',
  // Twenty brokers in a process are twenty threads, not forty.
  workers: 1,
  // The first member of a group does not wait three seconds for others.
  groupInitialRebalanceDelayMs: 0,
  // The first group does not wait for fifty logs to be made.
  offsetsTopicNumPartitions: 1,
} as const satisfies KopjeOptions;

/** The settings of a broker that a program starts. Throws SettingsError. */
export function embeddedSettings(options: KopjeOptions): Settings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return settingsOf({ ...defaults, ...Object.fromEntries(given) });
}
