/**
 * Makes an answer once for each key. A request may name one topic a hundred thousand times, and Kafka
 * answers as often: what is repeated is then written, not made and kept.
 */
export function oncePer<Key, Answer>(answer: (key: Key) => Answer): (key: Key) => Answer {
  const made = new Map<Key, Answer>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const fresh = answer(key);
    made.set(key, fresh);
    return fresh;
  };
}
