/**
 * Loads a CommonJS file with the code that V8 kept of it in the file beside it. What V8 cannot use (it belongs to
 * another Node, or to none) costs nothing but the time that it would have saved.
 */
const { readFileSync } = require('node:fs') as typeof import('node:fs');
const { createRequire } = require('node:module') as typeof import('node:module');
const { basename, dirname } = require('node:path') as typeof import('node:path');
const { Script } = require('node:vm') as typeof import('node:vm');

type Loader = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  file: string,
  directory: string,
) => void;

function keptCode(file: string): Buffer | undefined {
  try {
    return readFileSync(`${file}.cache`);
  } catch {
    return undefined;
  }
}

function loadCached(file: string) {
  // A bundle is ASCII, which takes half the time to read so.
  const text = readFileSync(file, 'latin1');
  const cachedData = keptCode(file);
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${text}\n})`,
    { filename: `kopje/${basename(file)}`, ...(cachedData && { cachedData }) },
  );
  const module = { exports: {} };
  const load = script.runInThisContext() as Loader;
  load(module.exports, createRequire(file), module, file, dirname(file));
  return { exports: module.exports, script };
}

module.exports = { loadCached };
