/** Two portraits, field by field. */

export interface Difference {
  /** Scenario, step and path of the field. */
  readonly at: string;
  readonly kopje: string;
  readonly kafka: string;
}

export function differencesOf(at: string, kopje: unknown, kafka: unknown): Difference[] {
  if (Array.isArray(kopje) && Array.isArray(kafka) && kopje.length === kafka.length) {
    return kopje.flatMap((element, i) => differencesOf(`${at}[${i}]`, element, kafka[i]));
  }
  if (isPlain(kopje) && isPlain(kafka)) {
    const keys = new Set([...Object.keys(kopje), ...Object.keys(kafka)]);
    return [...keys].flatMap((key) => differencesOf(`${at}.${key}`, kopje[key], kafka[key]));
  }
  const [left, right] = [print(kopje), print(kafka)];
  return left === right ? [] : [{ at, kopje: left, kafka: right }];
}

function isPlain(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function print(value: unknown): string {
  return JSON.stringify(value) ?? 'absent';
}
