/** Prints one line a scenario, with its differences, and counts. */
import type { Difference } from './compare.js';
import type { Intentions } from './intended.js';

const shownChars = 600;

export class Report {
  readonly #showsIntended: boolean;
  readonly #startedMs = performance.now();
  #passed = 0;
  #failed = 0;
  #intended = 0;

  constructor(showsIntended: boolean) {
    this.#showsIntended = showsIntended;
  }

  /** Fails a scenario with differences that nobody wants. */
  scenario(
    name: string,
    startedMs: number,
    differences: readonly Difference[],
    intentions: Intentions,
  ): void {
    const details: string[] = [];
    let intended = 0;
    let unwanted = 0;
    for (const difference of merge(differences)) {
      const reason = intentions.of(difference);
      if (reason === undefined) unwanted++;
      else intended++;
      if (reason !== undefined && !this.#showsIntended) continue;
      const { at, kopje, kafka } = difference;
      const why = reason === undefined ? [] : [`  meant: ${reason}`];
      details.push(at, `  kopje ${cut(kopje)}`, `  kafka ${cut(kafka)}`, ...why);
    }
    this.#intended += intended;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const meant = intended > 0 ? `, ${intended} differences are meant` : '';
    this.#tell(unwanted === 0, `${name} ${seconds} s${meant}`, details);
  }

  /** Fails if there are gaps. */
  check(name: string, gaps: readonly string[]): void {
    this.#tell(gaps.length === 0, name, gaps);
  }

  /** Prints the last line. Gives whether nothing failed. */
  end(): boolean {
    const seconds = Math.round((performance.now() - this.#startedMs) / 1000);
    process.stdout.write(`     ${seconds} s, ${this.#intended} differences are meant\n`);
    process.stdout.write(`${this.#passed} passed, ${this.#failed} failed\n`);
    return this.#failed === 0;
  }

  #tell(isGood: boolean, title: string, details: readonly string[]): void {
    if (isGood) this.#passed++;
    else this.#failed++;
    const lines = [`${isGood ? 'ok  ' : 'FAIL'} ${title}`, ...details];
    process.stdout.write(`${lines.join('\n       ')}\n`);
  }
}

function cut(text: string): string {
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text;
}

/** Differences that several versions show alike, with the versions in one name. */
function merge(differences: readonly Difference[]): Difference[] {
  const merged = new Map<string, Difference & { readonly versions: string[] }>();
  for (const difference of differences) {
    const version = / v(-?\d+)/.exec(difference.at)?.[1];
    const at = difference.at.replace(/ v-?\d+/, ' v*');
    const key = `${at} ${difference.kopje} ${difference.kafka}`;
    const known = merged.get(key) ?? { ...difference, at, versions: [] };
    if (version !== undefined) known.versions.push(version);
    merged.set(key, known);
  }
  return [...merged.values()].map(({ at, kopje, kafka, versions }) => {
    const range = versions.length > 1 ? `${versions[0]}-${versions.at(-1)}` : (versions[0] ?? '');
    return { at: at.replace(' v*', ` v${range}`), kopje, kafka };
  });
}
