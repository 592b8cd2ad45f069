/**
 * Replaces comments, strings, templates and regular expressions by blanks, so that what remains of a
 * source can be scanned for braces. Line breaks stay. Good for code that Biome has formatted.
 */

/** What a slash after it must be the start of a regular expression. */
const beforeRegex = /(^|[(,=:[!&|?{};\n>]|\breturn|\bcase)\s*$/;

export function blankLiterals(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const end = literalEnd(text, at, out);
    if (end > at) {
      out += text.slice(at, end).replace(/[^\n]/g, ' ');
      at = end;
    } else {
      out += text[at];
      at++;
    }
  }
  return out;
}

/** End of the literal or comment that starts at `at`; `at` itself if none does. */
function literalEnd(text: string, at: number, before: string): number {
  const char = text[at];
  if (text.startsWith('//', at)) return endOr(text.indexOf('\n', at), text.length);
  if (text.startsWith('/*', at)) return endOr(text.indexOf('*/', at) + 2, text.length);
  if (char === "'" || char === '"') return quotedEnd(text, at, char);
  if (char === '`') return templateEnd(text, at);
  if (char === '/' && beforeRegex.test(before.slice(-80))) return regexEnd(text, at);
  return at;
}

function endOr(end: number, otherwise: number): number {
  return end > 1 ? end : otherwise;
}

function quotedEnd(text: string, at: number, quote: string): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) return i + 1;
  }
  return text.length;
}

function templateEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '`') return i + 1;
    else if (text.startsWith('${', i)) i = substitutionEnd(text, i + 2) - 1;
  }
  return text.length;
}

/** End of `${…}`, which may hold templates and strings of its own. */
function substitutionEnd(text: string, at: number): number {
  let depth = 1;
  for (let i = at; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === '`') i = templateEnd(text, i) - 1;
    else if (char === "'" || char === '"') i = quotedEnd(text, i, char) - 1;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return i + 1;
  }
  return text.length;
}

function regexEnd(text: string, at: number): number {
  let isInClass = false;
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '[') isInClass = true;
    else if (char === ']') isInClass = false;
    else if (char === '/' && !isInClass) return i + 1;
    else if (char === '\n') return at;
  }
  return at;
}
