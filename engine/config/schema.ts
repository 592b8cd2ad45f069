/** Every setting, by name, in the order in which `kopje config` and docs/settings.md show them. */
import { groups } from './areas/groups.js';
import { identity } from './areas/identity.js';
import { limits } from './areas/limits.js';
import { log } from './areas/log.js';
import { pulsar } from './areas/pulsar.js';
import { storage } from './areas/storage.js';
import { defaultOf, type Setting } from './setting.js';

export type { Listener } from './listener.js';

/** The settings by area, each area with a title for people. */
export const areas = [
  { title: 'Identity and listeners', settings: identity },
  { title: 'Storage', settings: storage },
  { title: 'Pulsar', settings: pulsar },
  { title: 'Threads, memory and limits', settings: limits },
  { title: 'Topic defaults and log upkeep', settings: log },
  { title: 'Consumer groups', settings: groups },
] as const;

export const schema = { ...identity, ...storage, ...pulsar, ...limits, ...log, ...groups };

type Schema = typeof schema;
export type SettingName = keyof Schema;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The effective settings: every value checked, every default filled in. */
export type Settings = { readonly [Name in SettingName]: ValueOf<Schema[Name]> };

export const settingNames = Object.keys(schema) as SettingName[];

/** A setting without the type of its value, for code that handles them all alike. */
export function settingOf(name: SettingName): Setting<unknown> {
  return schema[name] as Setting<unknown>;
}

/** The settings of a start without file, environment and flags. */
export function defaultSettings(backend: string = 'embedded'): Settings {
  const entries = settingNames.map((name) => [name, defaultOf(settingOf(name), backend)]);
  return Object.fromEntries(entries) as Settings;
}
