/** Finds the functions of a source by their braces. */
import { blankLiterals } from './blank.js';

export interface FoundFunction {
  /** First line, counted from 1. */
  readonly line: number;
  readonly lines: number;
  /** Without those of the functions inside it. */
  readonly ownLines: number;
  /** What stands before the brace, for messages. */
  readonly head: string;
}

const statement = /(^|[^\w.])(if|for|while|switch|catch|with)\s*\($/;

export function functionsOf(text: string): FoundFunction[] {
  const blanked = blankLiterals(text);
  const found: FoundFunction[] = [];
  const open: { line: number; head: string | null; innerLines: number }[] = [];
  let line = 1;
  for (let i = 0; i < blanked.length; i++) {
    const char = blanked[i];
    if (char === '\n') line++;
    else if (char === '{') open.push({ line, head: functionHead(blanked, i), innerLines: 0 });
    else if (char === '}') {
      const start = open.pop();
      if (start === undefined) throw new Error(`line ${line}: a brace too many`);
      const outer = open.at(-1);
      const lines = line - start.line + 1;
      const { head, innerLines } = start;
      if (outer !== undefined) outer.innerLines += head === null ? innerLines : lines;
      if (head === null) continue;
      found.push({ line: start.line, lines, ownLines: lines - innerLines, head });
    }
  }
  if (open.length > 0) throw new Error(`line ${open.at(-1)?.line}: a brace is not closed`);
  return found;
}

/** The text before the brace at `at` if it opens a function's body, else null. */
function functionHead(text: string, at: number): string | null {
  const before = text.slice(Math.max(0, at - 2000), at).trimEnd();
  if (before.endsWith('=>')) return lastLine(before);
  // A return type may stand between the parameters and the brace.
  const typed = /\)(\s*:\s*[\w\s<>[\]|.,'()]+?)?$/.exec(before);
  if (typed === null) return null;
  const parameters = parametersStart(before, typed.index);
  if (parameters < 0 || statement.test(before.slice(0, parameters + 1))) return null;
  return lastLine(before.slice(0, parameters + 1));
}

/** Index of the parenthesis that the one at `close` closes. */
function parametersStart(text: string, close: number): number {
  let depth = 0;
  for (let i = close; i >= 0; i--) {
    if (text[i] === ')') depth++;
    else if (text[i] === '(' && --depth === 0) return i;
  }
  return -1;
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1).trim();
}
