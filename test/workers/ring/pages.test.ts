import t from 'tap';
import { PageAllocator } from '../../../workers/ring/pages.js';
import fc from '../../fast-check.js';

const pageBytes = 16;
const pages = 32;

t.test('ranges never overlap, stay inside, and come back', (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('take' as const), sizeBytes: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant('give' as const), which: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const allocator = new PageAllocator(64, pages * pageBytes, pageBytes);
      const held: { start: number; sizeBytes: number }[] = [];
      for (const action of steps) {
        if (action.kind === 'give') {
          const [range] = held.splice(action.which % (held.length || 1), 1);
          if (range) allocator.release(range.start);
          continue;
        }
        const start = allocator.allocate(action.sizeBytes);
        const sizeBytes = Math.ceil(action.sizeBytes / pageBytes) * pageBytes;
        if (start === -1) {
          if (longestGap(held) >= sizeBytes) return false;
          continue;
        }
        if (start < 64 || start + sizeBytes > 64 + pages * pageBytes) return false;
        for (const other of held) {
          if (start < other.start + other.sizeBytes && other.start < start + sizeBytes)
            return false;
        }
        held.push({ start, sizeBytes });
      }
      for (const { start } of held) allocator.release(start);
      return allocator.usedBytes === 0 && allocator.allocate(pages * pageBytes) === 64;
    }),
  );
  t.end();
});

function longestGap(held: { start: number; sizeBytes: number }[]): number {
  const sorted = [...held].sort((a, b) => a.start - b.start);
  let at = 64;
  let longest = 0;
  for (const { start, sizeBytes } of sorted) {
    longest = Math.max(longest, start - at);
    at = start + sizeBytes;
  }
  return Math.max(longest, 64 + pages * pageBytes - at);
}

t.test('hands out the lowest address, so that resident memory follows use', (t) => {
  const allocator = new PageAllocator(0, pages * pageBytes, pageBytes);
  const first = allocator.allocate(pageBytes);
  allocator.allocate(pageBytes);
  allocator.release(first);
  t.equal(allocator.allocate(1), first);
  t.end();
});

t.test('a range is returned once', (t) => {
  const allocator = new PageAllocator(0, pages * pageBytes, pageBytes);
  const start = allocator.allocate(40);
  t.equal(allocator.lengthOf(start), 48);
  allocator.release(start);
  t.throws(() => allocator.release(start), /no slab range begins/);
  t.throws(() => allocator.release(start + pageBytes), /no slab range begins/);
  t.end();
});
