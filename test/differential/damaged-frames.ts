/** Length, key, version, correlation id and client id as the raw client writes them. */
const headerBytes = 24;

/** A frame with each byte behind its header damaged in turn. */
export function* damagedFrames(whole: Uint8Array, damages: readonly number[]) {
  for (let at = headerBytes; at < whole.length; at++) {
    for (const damage of damages) {
      if (whole[at] === damage) continue;
      const frame = Buffer.from(whole);
      frame[at] = damage;
      yield { at, damage, frame };
    }
  }
}
