/** An inclusive range of message versions; empty where `min > max`. */
export interface Versions {
  readonly min: number;
  readonly max: number;
}

export const NO_VERSIONS: Versions = { min: 0, max: -1 };
/** The highest version that a range with an open end can mean. */
const OPEN_END = 0x7fff;

/** Parses Kafka's notation: `3`, `0-4`, `2+` or `none`. */
export function parseVersions(text: string): Versions {
  if (text === 'none') return NO_VERSIONS;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text.trim());
  if (match === null) throw new Error(`not a version range: ${text}`);
  const min = Number(match[1]);
  if (match[2] !== undefined) return { min, max: OPEN_END };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

export function intersect(a: Versions, b: Versions): Versions {
  return { min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
}

export function isEmpty(versions: Versions): boolean {
  return versions.min > versions.max;
}

/**
 * The expression that is true for those versions of `context` which are in `range`: null where all
 * of them are. `range` must contain some of them.
 */
export function condition(range: Versions, context: Versions): string | null {
  const inside = intersect(range, context);
  const lower = inside.min > context.min;
  const upper = inside.max < context.max;
  if (lower && upper && inside.min === inside.max) return `version === ${inside.min}`;
  const parts: string[] = [];
  if (lower) parts.push(`version >= ${inside.min}`);
  if (upper) parts.push(`version <= ${inside.max}`);
  return parts.length === 0 ? null : parts.join(' && ');
}
