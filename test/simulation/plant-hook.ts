/** Loaded with `--import`: plants the bug that PLANT names into its module before anything loads that. */
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { plants } from './plants.js';

const plant = plants.find(({ name }) => name === process.env['PLANT']);
if (plant === undefined) throw new Error(`no plant is called '${process.env['PLANT']}'`);
const root = fileURLToPath(new URL('../..', import.meta.url));
register('./plant-loader.js', import.meta.url, { data: { ...plant, root } });
