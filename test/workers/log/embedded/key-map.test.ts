import t from 'tap';
import { KeyMap } from '../../../../workers/log/embedded/key-map.js';
import { halfSipHash } from '../../../../workers/log/embedded/keyed-hash.js';
import fc from '../../../fast-check.js';

t.test('HalfSipHash-2-4, the first vectors of its authors', async (t) => {
  const input = Uint8Array.from({ length: 64 }, (_, i) => i);
  const out = new Int32Array(2);
  const hash = (length: number) => {
    halfSipHash(input, 0, length, 0x03020100, 0x07060504, out, 0);
    return Buffer.from(out.buffer).toString('hex');
  };
  t.equal(hash(0), '218d1f59b9b83cc8');
  t.equal(new Set(Array.from({ length: 64 }, (_, i) => hash(i))).size, 64);
});

t.test('finds the last offset of each key, as a Map does', async (t) => {
  const key = fc.uint8Array({ maxLength: 9 });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300 }), (keys) => {
      const map = new KeyMap(1);
      const model = new Map<string, number>();
      for (const [offset, bytes] of keys.entries()) {
        if (!map.put(bytes, 0, bytes.length, offset)) throw new Error('full');
        model.set(Buffer.from(bytes).toString('hex'), offset);
      }
      for (const [hex, offset] of model) {
        // Anywhere in a view.
        const view = Buffer.from(`aa${hex}bb`, 'hex');
        if (map.get(view, 1, view.length - 1) !== offset) throw new Error(hex);
      }
      const absent = Buffer.from('a key that is longer than the others');
      if (map.get(absent, 0, absent.length) !== -1) throw new Error('absent');
      if (map.count !== model.size) throw new Error(`${map.count} keys`);
    }),
  );
  t.pass();
});

t.test('grows to its bound, and then takes known keys only', async (t) => {
  const map = new KeyMap(8192 * 24);
  const keyOf = (i: number) => Buffer.from(`key ${i}`);
  let taken = 0;
  while (map.put(keyOf(taken), 0, keyOf(taken).length, taken)) taken++;
  t.equal(taken, 8192 * 0.75);
  t.ok(map.put(keyOf(7), 0, keyOf(7).length, 99_999));
  t.equal(map.get(keyOf(7), 0, keyOf(7).length), 99_999);
  t.notOk(map.put(keyOf(taken), 0, keyOf(taken).length, 1));
  t.equal(map.get(keyOf(taken - 1), 0, keyOf(taken - 1).length), taken - 1);
});
