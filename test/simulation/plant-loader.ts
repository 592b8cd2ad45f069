import type { LoadHook } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plant } from './plants.js';

let plant: Plant | null = null;
let url = '';

export function initialize(data: Plant & { root: string }): void {
  plant = data;
  url = pathToFileURL(join(data.root, data.file)).href;
}

export const load: LoadHook = async (loadedUrl, context, nextLoad) => {
  const loaded = await nextLoad(loadedUrl, context);
  if (plant === null || loadedUrl !== url) return loaded;
  const source = new TextDecoder().decode(loaded.source as Uint8Array);
  if (source.split(plant.text).length !== 2) {
    throw new Error(`'${plant.text}' does not stand once in ${plant.file}`);
  }
  return { ...loaded, source: source.replace(plant.text, () => plant!.by) };
};
