/** Loaded by `--import` into a broker that is to leak on purpose, in the way that PLANTED_LEAK names. */
import { openSync } from 'node:fs';
import { LandingSlab } from '../../engine/listen/landing-slab.js';
import { Listeners } from '../../engine/listen/listeners.js';

/** `slab`: one of many ranges is never given back. The others keep something for each connection. */
export type PlantedLeak = 'slab' | 'buffers' | 'objects' | 'files';

const slabInterval = 200;
const keptBytes = 256 * 1024;
const keptObjects = 2_000;
const kept: unknown[] = [];

function forEachConnection(keep: () => unknown): void {
  const { closed } = Listeners.prototype;
  Listeners.prototype.closed = function (connection) {
    kept.push(keep());
    closed.call(this, connection);
  };
}

function loseRanges(): void {
  const { free } = LandingSlab.prototype;
  let freed = 0;
  LandingSlab.prototype.free = function (start) {
    if (++freed % slabInterval !== 0) free.call(this, start);
  };
}

const leaks: Record<PlantedLeak, () => void> = {
  slab: loseRanges,
  buffers: () => forEachConnection(() => Buffer.alloc(keptBytes, 1)),
  objects: () => forEachConnection(() => Array.from({ length: keptObjects }, (_, id) => ({ id }))),
  files: () => forEachConnection(() => openSync('/dev/null', 'r')),
};
leaks[process.env['PLANTED_LEAK'] as PlantedLeak]();
