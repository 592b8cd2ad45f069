/** Where raw values come from: the YAML file or KoP's broker.conf, the environment, the flags. */
import { formerKopNames, isNameOfKop, whyPassedOver } from './kop-settings.js';
import type { Mistake } from './mistakes.js';

/** Where a value was found. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'option'; readonly name: string };

/** A value as found, not yet checked. */
export interface RawValue {
  /** As written: a setting's name, perhaps misspelt. */
  readonly name: string;
  readonly raw: unknown;
  readonly source: Source;
}

export interface RawValues {
  readonly values: RawValue[];
  readonly mistakes: Mistake[];
  /** What was passed over, and why. */
  readonly notices?: readonly Mistake[];
}

/** `kopje.yaml:3`, `KOPJE_WORKERS`, `--set workers`, `option workers`, `default`. */
export function formatSource(source: Source): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${source.file}:${source.line}`;
    case 'environment':
      return source.variable;
    case 'flag':
      return `--set ${source.name}`;
    case 'option':
      return `option ${source.name}`;
  }
}

/**
 * Kubernetes puts the address of a service called `kopje` into the environment of every pod,
 * under names that look like ours.
 */
const serviceLink = /^KOPJE_(SERVICE_(HOST|PORT)|PORT)(_|$)/;
const environmentPrefix = 'KOPJE_';
/** KOPJE_ADDON is read where the addon is loaded, before there are settings; the others by tests. */
const reservedVariable = /^KOPJE_(ADDON$|TEST_)/;

/** `numPartitions` → `KOPJE_NUM_PARTITIONS`. */
export function environmentName(settingName: string): string {
  return environmentPrefix + settingName.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** Whether a variable is meant as a setting, be its name right or wrong. */
export function isSettingVariable(variable: string): boolean {
  if (!variable.startsWith(environmentPrefix)) return false;
  return !reservedVariable.test(variable) && !serviceLink.test(variable);
}

/** Every `KOPJE_*` variable; `NUM_PARTITIONS` becomes `numPartitions`. */
export function readEnvironment(environment: NodeJS.ProcessEnv): RawValues {
  const values: RawValue[] = [];
  for (const [variable, raw] of Object.entries(environment)) {
    if (!isSettingVariable(variable)) continue;
    const name = variable
      .slice(environmentPrefix.length)
      .toLowerCase()
      .replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
    values.push({ name, raw, source: { kind: 'environment', variable } });
  }
  return { values, mistakes: [] };
}

/** Texts of the form `name=value`. */
export function readFlags(texts: readonly string[]): RawValues {
  const values: RawValue[] = [];
  const mistakes: Mistake[] = [];
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      mistakes.push({ where: `--set ${text}`, message: 'must be name=value' });
      continue;
    }
    const name = text.slice(0, equals).trim();
    values.push({ name, raw: text.slice(equals + 1), source: { kind: 'flag', name } });
  }
  return { values, mistakes };
}

/** The top level of a YAML mapping, each value with its line. */
export async function readYaml(file: string, text: string): Promise<RawValues> {
  const { isMap, isNode, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (position: number) => lines.linePos(position).line;
  const mistakes: Mistake[] = document.errors.map((error) => ({
    where: `${file}:${lineOf(error.pos[0])}`,
    message: `is not valid YAML: ${error.message}`,
  }));
  const values: RawValue[] = [];
  if (mistakes.length > 0 || document.contents === null) return { values, mistakes };
  if (!isMap(document.contents)) {
    mistakes.push({ where: `${file}:1`, message: 'must be lines of the form name: value' });
    return { values, mistakes };
  }
  for (const { key, value } of document.contents.items) {
    const line = isScalar(key) && key.range ? lineOf(key.range[0]) : 1;
    try {
      // Resolves aliases, and throws where they would grow without bound.
      const raw = isNode(value) ? value.toJS(document) : null;
      values.push({ name: String(key), raw, source: { kind: 'file', file, line } });
    } catch (error) {
      mistakes.push({ where: `${file}:${line}`, message: (error as Error).message });
    }
  }
  return { values, mistakes };
}

/**
 * The lines `name=value` of a Pulsar broker's configuration with KoP in it. KoP's settings count; an empty one is not set,
 * one without a counterpart is passed over with a notice. Pulsar's own say nothing here, but for those that `isSetting`.
 */
export function readBrokerConf(
  file: string,
  text: string,
  isSetting: (name: string) => boolean,
): RawValues & { readonly notices: readonly Mistake[] } {
  const values: RawValue[] = [];
  const notices: Mistake[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [, written = '', raw = ''] = /^\s*([\w.]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (raw === '') continue;
    const name = formerKopNames.get(written) ?? written;
    const source: Source = { kind: 'file', file, line: index + 1 };
    const reason = whyPassedOver(name);
    if (reason !== null) {
      notices.push({ where: formatSource(source), message: `${name} has no effect: ${reason}` });
    } else if (isSetting(name) || isNameOfKop(name)) {
      values.push({ name, raw, source });
    }
  }
  return { values, mistakes: [], notices };
}
