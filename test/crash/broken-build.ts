import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plant } from './plants.js';

/** The compiled tree that this file is in. */
export const buildDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The file's text with the defect in it. Throws unless the text to replace is there, once. */
export function brokenText({ file, from, to }: Plant): string {
  const parts = readFileSync(join(buildDirectory, file), 'utf8').split(from);
  if (parts.length === 2) return parts.join(to);
  throw new Error(`${file} has ${parts.length - 1} times, and not once: ${from}`);
}

/** Copies the compiled tree with a defect in it; returns the copy. */
export function breakBuild(plant: Plant, directory: string): string {
  const text = brokenText(plant);
  const copy = join(directory, 'dist');
  mkdirSync(copy, { recursive: true });
  for (const folder of ['engine', 'workers', 'native']) {
    cpSync(join(buildDirectory, folder), join(copy, folder), { recursive: true });
  }
  for (const name of ['native', 'node_modules', 'package.json']) {
    symlinkSync(join(buildDirectory, '..', name), join(directory, name));
  }
  writeFileSync(join(copy, plant.file), text);
  return copy;
}
