/** Counts the assertions in a TAP stream, those of subtests included. */
import { Parser } from 'tap-parser';

export interface Failure {
  /** Names from the outermost test inwards. */
  readonly path: string;
  readonly detail: string;
}

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Their names, and why. */
  readonly skips: string[];
  readonly failures: Failure[];
}

/** One line of a TAP stream, as the parser gives it. */
interface Assertion {
  readonly ok: boolean;
  readonly name: string;
  readonly skip?: boolean | string;
  readonly todo?: boolean | string;
  readonly diag?: unknown;
}

/** Where to write the stream, and what it comes to once `ended` resolves. */
export interface Counter {
  readonly parser: Parser;
  readonly tally: Tally;
  readonly ended: Promise<void>;
}

export function createCounter(): Counter {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] };
  const parser = new Parser();
  watch(parser, tally, []);
  const ended = new Promise<void>((resolve) => {
    parser.on('complete', () => resolve());
  });
  return { parser, tally, ended };
}

function watch(parser: Parser, tally: Tally, names: readonly string[]): void {
  // A subtest's own assertions come first, then a line in its parent that sums it up.
  let beforeChild: { asserted: number; failed: number } | null = null;
  parser.on('child', (child: Parser) => {
    beforeChild = { asserted: assertedOf(tally), failed: tally.failed };
    watch(child, tally, [...names, child.name]);
  });
  parser.on('assert', (assertion: Assertion) => {
    const before = beforeChild;
    beforeChild = null;
    // One without assertions of its own, such as a property that throws where it does not hold, counts once.
    const isToldBefore =
      before !== null &&
      assertedOf(tally) > before.asserted &&
      (assertion.ok || tally.failed > before.failed);
    if (!isToldBefore) record(assertion, tally, names);
  });
}

function assertedOf({ passed, failed, skipped }: Tally): number {
  return passed + failed + skipped;
}

function record(assertion: Assertion, tally: Tally, names: readonly string[]): void {
  if (assertion.skip || assertion.todo) {
    tally.skipped++;
    tally.skips.push(
      [...names, `${assertion.name}: ${assertion.skip || assertion.todo}`].join(' › '),
    );
  } else if (assertion.ok) {
    tally.passed++;
  } else {
    tally.failed++;
    const path = [...names, assertion.name].filter((name) => name !== '').join(' › ');
    tally.failures.push({ path, detail: detailOf(assertion.diag) });
  }
}

/** Where a failure's detail ends: a difference of two long lists says enough with its beginning. */
const maxDetail = 4000;

function detailOf(diagnostics: unknown): string {
  const entries = Object.entries((diagnostics ?? {}) as Record<string, unknown>);
  const lines = entries.map(([key, value]) => {
    const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value);
    return text.includes('\n') ? `${key}:\n${text.replace(/^/gm, '  ')}` : `${key}: ${text}`;
  });
  return lines.join('\n').slice(0, maxDetail);
}
