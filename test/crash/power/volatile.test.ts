/** The model below the power cuts: what was synced is there, and of the rest no more than a disk could have kept. */
import t from 'tap';
import { Random } from '../random.js';
import { VolatileDirectory } from './volatile-directory.js';
import { VolatileFile } from './volatile-file.js';

const seeds = Array.from({ length: 200 }, (_, seed) => new Random(seed));
const text = (file: VolatileFile) => Buffer.from(file.read(0, file.sizeBytes)).toString();

t.test('a file keeps what was synced, and a beginning of what was appended since', async (t) => {
  const left = new Set<string>();
  for (const random of seeds) {
    const file = new VolatileFile(0o644);
    file.write(0, Buffer.from('synced'));
    file.sync();
    file.write(6, Buffer.from(' one'));
    file.write(10, Buffer.from(' two'));
    file.cutPower(random);
    left.add(text(file));
  }
  for (const each of left) t.ok('synced one two'.startsWith(each) && each.length >= 6, each);
  t.ok(left.has('synced') && left.has('synced one two') && left.size > 4, 'all, nothing, and torn');
});

t.test('writes over synced bytes survive whole, in any choice', async (t) => {
  const left = new Set<string>();
  for (const random of seeds) {
    const file = new VolatileFile(0o644);
    file.write(0, Buffer.from('....'));
    file.sync();
    file.write(0, Buffer.from('ab'));
    file.write(2, Buffer.from('cd'));
    file.cutPower(random);
    left.add(text(file));
  }
  t.strictSame([...left].sort(), ['....', '..cd', 'ab..', 'abcd']);
});

t.test('nothing overtakes a truncation', async (t) => {
  for (const random of seeds) {
    const file = new VolatileFile(0o644);
    file.write(0, Buffer.from('old record'));
    file.sync();
    file.truncate(0);
    file.write(0, Buffer.from('new'));
    file.cutPower(random);
    t.ok(['old record', '', 'n', 'ne', 'new'].includes(text(file)), text(file));
  }
});

t.test('a directory keeps the names that were synced; a rename is there or not', async (t) => {
  const left = new Set<string>();
  for (const random of seeds) {
    const directory = new VolatileDirectory(0o755);
    const [first, second] = [new VolatileFile(0o644), new VolatileFile(0o644)];
    directory.change(['a', first]);
    directory.sync();
    directory.change(['b', second]);
    directory.change(['a', null], ['c', first]);
    directory.cutPower(random);
    left.add([...directory.entries.keys()].join());
  }
  t.strictSame([...left].sort(), ['a', 'a,b', 'b,c']);
});
