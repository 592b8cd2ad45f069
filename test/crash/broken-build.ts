import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plant } from './plants.js';

/** The compiled tree that this file is in. */
export const buildDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Copies the compiled tree with one text replaced; returns the copy. Throws if the text is not there once. */
export function breakBuild({ file, from, to }: Plant, directory: string): string {
  const copy = join(directory, 'dist');
  mkdirSync(copy, { recursive: true });
  for (const folder of ['engine', 'workers', 'native']) {
    cpSync(join(buildDirectory, folder), join(copy, folder), { recursive: true });
  }
  for (const name of ['native', 'node_modules', 'package.json']) {
    symlinkSync(join(buildDirectory, '..', name), join(directory, name));
  }
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(from);
  if (parts.length !== 2) {
    throw new Error(`${file} has ${parts.length - 1} times, and not once: ${from}`);
  }
  writeFileSync(path, parts.join(to));
  return copy;
}
