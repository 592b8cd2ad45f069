/** What kinds of value a setting may have: how each is read from a file or a text, checked and printed. */

/** A value, or what is wrong with it: a phrase that follows the setting's name ("must be …"). */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

export interface Kind<T> {
  /** Name of the type for people: `integer`, `boolean`, … */
  readonly type: string;
  /** The values allowed, for people. */
  readonly range: string;
  /** Reads what YAML made of the value (number, boolean, text, list), or a text from elsewhere. */
  parse(raw: unknown): Parsed<T>;
  format(value: T): string;
}

/**
 * Stands for Kafka's Long.MAX_VALUE, "no limit": int64 settings are JS numbers, and nothing that
 * they measure comes near 2^53.
 */
export const unlimited = Number.MAX_SAFE_INTEGER;

const longMax = '9223372036854775807';
const maxInt32 = 2 ** 31 - 1;

/** An int64 as Kafka prints it. */
export function formatLong(value: number): string {
  return value >= unlimited ? longMax : String(value);
}

/** Words for what was found in place of what was wanted. */
export function describe(raw: unknown): string {
  if (raw === null || raw === undefined) return 'empty';
  if (typeof raw === 'string') return raw === '' ? 'empty' : `'${raw}'`;
  if (Array.isArray(raw)) return 'a list';
  if (typeof raw === 'object') return 'a mapping';
  return String(raw);
}

/** A whole number in [min, max]; values beyond ±2^53 become `unlimited`. */
export function integer(min: number, max: number = maxInt32): Kind<number> {
  const range = max >= unlimited ? `${min} or more` : `${min} to ${max}`;
  return {
    type: 'integer',
    range,
    format: formatLong,
    parse(raw) {
      const isWhole =
        typeof raw === 'number'
          ? Number.isInteger(raw)
          : typeof raw === 'string' && /^[+-]?\d+$/.test(raw.trim());
      if (!isWhole) return { problem: `must be a whole number (${range}), not ${describe(raw)}` };
      const value = Math.max(-unlimited, Math.min(unlimited, Number(raw)));
      if (value < min || value > max) {
        return { problem: `must be ${range}, not ${describe(raw)}` };
      }
      return { value };
    },
  };
}

/** As `integer`, and one value outside the range that has a meaning of its own. */
export function integerOr(special: number, min: number, max: number = maxInt32): Kind<number> {
  const inner = integer(min, max);
  const range = `${special}, or ${inner.range}`;
  return {
    ...inner,
    range,
    parse(raw) {
      const isSpecial = typeof raw === 'string' ? raw.trim() === String(special) : raw === special;
      if (isSpecial) return { value: special };
      const parsed = inner.parse(raw);
      return 'value' in parsed ? parsed : { problem: `must be ${range}, not ${describe(raw)}` };
    },
  };
}

/** A power of two in [min, max]. */
export function powerOfTwo(min: number, max: number): Kind<number> {
  const inner = integer(min, max);
  const range = `a power of two, ${inner.range}`;
  return {
    ...inner,
    range,
    parse(raw) {
      const parsed = inner.parse(raw);
      if ('value' in parsed && Number.isInteger(Math.log2(parsed.value))) return parsed;
      return { problem: `must be ${range}, not ${describe(raw)}` };
    },
  };
}

/** A fraction in [0, 1]. */
export const ratio: Kind<number> = {
  type: 'number',
  range: '0 to 1',
  format: String,
  parse(raw) {
    const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value === 'number' && value >= 0 && value <= 1) return { value };
    return { problem: `must be a number from 0 to 1, not ${describe(raw)}` };
  },
};

export const boolean: Kind<boolean> = {
  type: 'boolean',
  range: 'true, false',
  format: String,
  parse(raw) {
    const text = typeof raw === 'object' ? '' : String(raw).trim().toLowerCase();
    if (text === 'true' || text === 'false') return { value: text === 'true' };
    return { problem: `must be true or false, not ${describe(raw)}` };
  },
};

/** One of a few words. `later` names words that are known but not served yet, with the reason. */
export function choice<const W extends string>(
  words: readonly W[],
  later?: { readonly pattern: RegExp; readonly reason: string },
): Kind<W> {
  const range = words.join(', ');
  return {
    type: 'word',
    range,
    format: (value) => value,
    parse(raw) {
      const value = words.find((word) => word === raw);
      if (value !== undefined) return { value };
      if (later !== undefined && typeof raw === 'string' && later.pattern.test(raw)) {
        return { problem: `cannot be '${raw}' yet: ${later.reason}` };
      }
      const wanted = words.length === 1 ? `must be ${range}` : `must be one of ${range}`;
      return { problem: `${wanted}, not ${describe(raw)}` };
    },
  };
}

/** Any text that matches `pattern`; `range` says in words what that is. */
export function text(range: string, pattern: RegExp): Kind<string> {
  return {
    type: 'text',
    range,
    format: (value) => value,
    parse(raw) {
      const value = typeof raw === 'number' ? String(raw) : (raw ?? '');
      if (typeof value === 'string' && pattern.test(value)) return { value };
      return { problem: `must be ${range}, not ${describe(raw)}` };
    },
  };
}

/** Splits a comma-separated text, or takes a YAML list of texts; null if it is neither. */
export function textList(raw: unknown): string[] | null {
  const items = typeof raw === 'string' ? raw.split(',') : raw;
  if (!Array.isArray(items) || items.some((item) => typeof item !== 'string')) return null;
  return items.map((item: string) => item.trim()).filter((item) => item !== '');
}

/** Some of a few words, comma separated or a YAML list. */
export function choices<const W extends string>(words: readonly W[]): Kind<readonly W[]> {
  const range = `any of ${words.join(', ')}`;
  return {
    type: 'list',
    range,
    format: (value) => value.join(','),
    parse(raw) {
      const items = textList(raw);
      const chosen = words.filter((word) => items?.includes(word));
      if (items === null || items.length === 0 || chosen.length !== new Set(items).size) {
        return { problem: `must be ${range}, not ${describe(raw)}` };
      }
      return { value: chosen };
    },
  };
}
