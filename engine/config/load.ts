/** Merges flags, environment, file and defaults into checked settings: flags win, defaults lose. */
import { readFile } from 'node:fs/promises';
import { consistencyMistakes } from './consistency.js';
import { type Mistake, SettingsError } from './mistakes.js';
import { nearest } from './nearest.js';
import {
  defaultSettings,
  type SettingName,
  type Settings,
  schema,
  settingNames,
  settingOf,
} from './schema.js';
import {
  environmentName,
  formatSource,
  type RawValue,
  type RawValues,
  readBrokerConf,
  readEnvironment,
  readFlags,
  readYaml,
  type Source,
} from './sources.js';

/** Read when it exists and no other file is named. */
export const defaultFile = 'kopje.yaml';

export interface LoadRequest {
  /** `--config`; must exist. YAML, or with the suffix `.conf` the broker.conf of a Pulsar with KoP. */
  readonly file?: string | undefined;
  /** `--set`, each `name=value`; of two for one name the later wins. */
  readonly set?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly sources: ReadonlyMap<SettingName, Source>;
  /** What of a broker.conf has no effect here. */
  readonly notices: readonly Mistake[];
}

/** Throws SettingsError with every mistake of every source. */
export async function loadSettings(request: LoadRequest): Promise<LoadedSettings> {
  return merge([
    await readSettingsFile(request.file),
    readEnvironment(request.environment ?? {}),
    readFlags(request.set ?? []),
  ]);
}

/**
 * Settings that a program gives by name, as a file would write them; neither a file nor the environment counts.
 * One that is undefined is not given. Throws SettingsError.
 */
export function settingsOf(options: Readonly<Record<string, unknown>>): Settings {
  const given = Object.entries(options).filter(([, raw]) => raw !== undefined);
  const values = given.map(([name, raw]): RawValue => {
    return { name, raw, source: { kind: 'option', name } };
  });
  return merge([{ values, mistakes: [] }]).settings;
}

function merge(ascending: readonly RawValues[]): LoadedSettings {
  const mistakes = ascending.flatMap((raw) => raw.mistakes);
  const settings: Record<string, unknown> = {};
  const sources = new Map<SettingName, Source>(
    settingNames.map((name) => [name, { kind: 'default' }]),
  );
  for (const rawValue of ascending.flatMap((raw) => raw.values)) {
    const mistake = apply(rawValue, settings, sources);
    if (mistake !== null) mistakes.push(mistake);
  }
  const defaults = defaultSettings(settings['backend'] as string | undefined);
  const notices = ascending.flatMap((raw) => raw.notices ?? []);
  const loaded = { settings: { ...defaults, ...settings } as Settings, sources, notices };
  // What disagrees is told only of values that are right by themselves.
  if (mistakes.length === 0) {
    for (const { names, message } of consistencyMistakes(loaded.settings)) {
      mistakes.push({ where: blame(names, sources), message });
    }
  }
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  return loaded;
}

/** Checks one value and puts it in place; a later source overwrites an earlier one. */
function apply(
  { name, raw, source }: RawValue,
  settings: Record<string, unknown>,
  sources: Map<SettingName, Source>,
): Mistake | null {
  const where = formatSource(source);
  if (!isSettingName(name)) return { where, message: unknownName(name, source) };
  const parsed = settingOf(name).kind.parse(raw);
  if ('problem' in parsed) return { where, message: `${name} ${parsed.problem}` };
  settings[name] = parsed.value;
  sources.set(name, source);
  return null;
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(schema, name);
}

function unknownName(name: string, source: Source): string {
  const meant =
    settingNames.find((known) => settingOf(known).kafkaName === name) ??
    nearest(name, settingNames);
  if (source.kind === 'environment') {
    const hint = meant === null ? '' : `; did you mean ${environmentName(meant)}?`;
    return `no setting has this name${hint || '; kopje config lists them'}`;
  }
  const hint = meant === null ? 'kopje config lists them' : `did you mean ${meant}?`;
  return `unknown setting '${name}'; ${hint}`;
}

/** The file and line, variable or flag that set one of the names; the last one that is no default. */
function blame(names: readonly SettingName[], sources: ReadonlyMap<SettingName, Source>): string {
  const given = names.filter((name) => sources.get(name)?.kind !== 'default');
  const culprit = given.at(-1);
  const source = culprit === undefined ? undefined : sources.get(culprit);
  return source === undefined ? (names[0] as string) : formatSource(source);
}

async function readSettingsFile(named: string | undefined): Promise<RawValues> {
  const file = named ?? defaultFile;
  try {
    const text = await readFile(file, 'utf8');
    return file.endsWith('.conf')
      ? readBrokerConf(file, text, isSettingName)
      : await readYaml(file, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && named === undefined) return { values: [], mistakes: [] };
    const reason = code === 'ENOENT' ? 'no such file' : message;
    return { values: [], mistakes: [{ where: file, message: `cannot be read: ${reason}` }] };
  }
}
