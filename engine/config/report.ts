/** The effective settings, for people and for programs. */
import type { LoadedSettings } from './load.js';
import { areas, type SettingName, settingNames, settingOf } from './schema.js';
import { environmentName, formatSource } from './sources.js';

const nameWidth = 38;
/** In place of a secret. */
const hidden = '(hidden)';

function valueText({ settings }: LoadedSettings, name: SettingName): string {
  const value = settingOf(name).kind.format(settings[name]);
  if (value !== '' && settingOf(name).isSecret) return hidden;
  return value === '' ? `(${settingOf(name).defaultText ?? 'empty'})` : value;
}

/** One block per setting, grouped by area. */
export function reportText(loaded: LoadedSettings): string {
  const lines: string[] = [];
  for (const { title, settings } of areas) {
    lines.push(title, '');
    for (const name of Object.keys(settings) as SettingName[]) {
      const { unit, hasEffect, summary, kind } = settingOf(name);
      const source = loaded.sources.get(name) ?? { kind: 'default' as const };
      const inUnit = unit === undefined ? '' : ` ${unit}`;
      lines.push(
        `  ${name.padEnd(nameWidth)} ${valueText(loaded, name)}${inUnit}  (${formatSource(source)})`,
        `      ${summary}${hasEffect === false ? ' No effect yet.' : ''}`,
        `      ${kind.type}: ${kind.range}`,
      );
    }
    lines.push('');
  }
  return `${lines.join('\n')}`;
}

/** A JSON array with one object per setting. */
export function reportJson({ settings, sources }: LoadedSettings): string {
  const rows = settingNames.map((name) => {
    const { kind, unit, origin, kafkaName, hasEffect, isSecret, summary } = settingOf(name);
    return {
      name,
      value: isSecret && settings[name] !== '' ? hidden : jsonValue(settings[name]),
      source: formatSource(sources.get(name) ?? { kind: 'default' }),
      environment: environmentName(name),
      type: kind.type,
      range: kind.range,
      unit,
      origin,
      kafkaName,
      hasEffect: hasEffect ?? true,
      summary,
    };
  });
  return `${JSON.stringify(rows, null, 2)}\n`;
}

/** "No limit" is null, since JSON numbers of that size are not read back alike everywhere. */
function jsonValue(value: unknown): unknown {
  return value === Number.MAX_SAFE_INTEGER ? null : value;
}
