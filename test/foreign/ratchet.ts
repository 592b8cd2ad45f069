/** A list of tests that must pass, which only grows. */

const comment = '#';

export interface Verdict {
  /** Listed, and passed. */
  readonly kept: readonly string[];
  /** Listed, and did not pass. */
  readonly lost: readonly string[];
  /** Passed, and are not listed. */
  readonly gained: readonly string[];
}

/** The tests of a list: one a line, after lines of comment. */
export function readList(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith(comment));
}

export function judge(listed: readonly string[], passed: ReadonlySet<string>): Verdict {
  const known = new Set(listed);
  return {
    kept: listed.filter((test) => passed.has(test)),
    lost: listed.filter((test) => !passed.has(test)),
    gained: [...passed].filter((test) => !known.has(test)).sort(),
  };
}

/** The text of a list with more tests in it; nothing is ever taken out. */
export function extendList(text: string, gained: readonly string[]): string {
  const head = text.split('\n').filter((line) => line.startsWith(comment));
  const tests = [...new Set([...readList(text), ...gained])].sort();
  return `${[...head, ...tests].join('\n')}\n`;
}
