/** A copy in shared memory, away from its start, as frames lie in a slab. */
export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const margin = 16;
  const memory = new SharedArrayBuffer(bytes.length + 2 * margin);
  const copy = new Uint8Array(memory, margin, bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * Says where `actual` differs from what `expected` names; fields that only `actual` has do not
 * count. Null where nothing differs.
 */
export function subsetDifference(expected: unknown, actual: unknown, path: string): string | null {
  if (expected instanceof Uint8Array) {
    const same = actual instanceof Uint8Array && Buffer.compare(expected, actual) === 0;
    return same ? null : `${path} has other bytes`;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return `${path} is no match`;
    return firstDifference(expected.map((item, i) => [item, actual[i], `${path}[${i}]`]));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null) return `${path} is ${String(actual)}`;
    const fields = actual as { [field: string]: unknown };
    return firstDifference(
      Object.entries(expected).map(([name, value]) => [value, fields[name], `${path}.${name}`]),
    );
  }
  return Object.is(expected, actual) ? null : `${path} is ${actual}, not ${expected}`;
}

function firstDifference(pairs: [unknown, unknown, string][]): string | null {
  for (const [expected, actual, path] of pairs) {
    const difference = subsetDifference(expected, actual, path);
    if (difference !== null) return difference;
  }
  return null;
}
