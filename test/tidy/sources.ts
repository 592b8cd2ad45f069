/** The files of the repository, as the tidy tests read them. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Written by programs, with checks of their own that they are up to date. */
const generated =
  /^(engine\/protocol\/kafka\/(messages\/|api-keys\.ts|errors\.ts)|test\/golden\/codec\/|docs\/(settings|topic-configs|apis)\.md)/;

/** Paths of everything that is in the repository or about to be, relative to its root. */
export function repositoryFiles(): string[] {
  const words = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listed = execFileSync('git', words, { cwd: root, encoding: 'utf8' }).split('\0');
  // A file that was deleted and not yet committed is still listed.
  const isThere = (path: string) => lstatSync(join(root, path), { throwIfNoEntry: false });
  return [...new Set(listed)].filter((path) => path !== '' && isThere(path)).sort();
}

/** The text of a file, null if it is not there. */
export function read(path: string): string | null {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return null;
  }
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
}

/** TypeScript and JavaScript written by hand. */
export function sourceFiles(): SourceFile[] {
  return repositoryFiles()
    .filter((path) => /\.(ts|mjs)$/.test(path) && !generated.test(path))
    .map((path) => {
      const text = read(path) ?? '';
      return { path, text, lines: text.trimEnd().split('\n').length };
    });
}
