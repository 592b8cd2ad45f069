/**
 * Kafka's headers as Pulsar's properties. A property is text, so that a header that is not (bytes that are not
 * UTF-8, a null value) is stored as the text nearest to it, for Pulsar's clients and KoP, and beside it, in one
 * more property behind all others, `kopje.headers`, for us. Its value has an item for each such header, with
 * commas between: the header's number from 0, then nothing if its value is null, or `:` and the value in base64, or
 * `@` and the name in base64.
 */

/** One header where it does not go as it is; `value` null as in Kafka. */
export interface OddHeader {
  name: Uint8Array;
  value: Uint8Array | null;
}

/** One property of a record whose headers have to be stored as text. */
export interface StoredHeader {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

export const HEADERS_KEY = Buffer.from('kopje.headers');

/** Walks the headers of a record that is known to be sound. */
export class HeaderCursor {
  nameStart = 0;
  nameEnd = 0;
  /** -1 for null. */
  valueStart = -1;
  valueEnd = -1;
  private view: Uint8Array = new Uint8Array();
  private at = 0;

  open(view: Uint8Array, headersStart: number): this {
    this.view = view;
    this.at = headersStart;
    return this;
  }

  next(): void {
    const nameBytes = this.size();
    this.nameStart = this.at;
    this.at += nameBytes;
    this.nameEnd = this.at;
    const valueBytes = this.size();
    this.valueStart = valueBytes < 0 ? -1 : this.at;
    if (valueBytes > 0) this.at += valueBytes;
    this.valueEnd = this.at;
  }

  private size(): number {
    let bits = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.view[this.at++]!;
      bits |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (bits >>> 1) ^ -(bits & 1);
    }
  }
}

/** What to store of headers of which one is odd: all of them as text, then our property. */
export function storedHeaders(
  view: Uint8Array,
  headersStart: number,
  count: number,
): StoredHeader[] {
  const cursor = new HeaderCursor().open(view, headersStart);
  const stored: StoredHeader[] = [];
  const items: string[] = [];
  for (let i = 0; i < count; i++) {
    cursor.next();
    const name = Buffer.from(view.subarray(cursor.nameStart, cursor.nameEnd));
    const nameText = Buffer.from(name.toString());
    if (!nameText.equals(name)) items.push(`${i}@${name.toString('base64')}`);
    if (cursor.valueStart === -1) {
      items.push(`${i}`);
      stored.push({ name: nameText, value: Buffer.alloc(0) });
      continue;
    }
    const value = Buffer.from(view.subarray(cursor.valueStart, cursor.valueEnd));
    const valueText = Buffer.from(value.toString());
    if (!valueText.equals(value)) items.push(`${i}:${value.toString('base64')}`);
    stored.push({ name: nameText, value: valueText });
  }
  stored.push({ name: HEADERS_KEY, value: Buffer.from(items.join(',')) });
  return stored;
}

const itemPattern = /^(\d{1,9})(?:([:@])([A-Za-z0-9+/]*={0,2}))?$/;

/** Puts into `headers` what our property says of them; false if it is none of ours. */
export function restoreHeaders(headers: OddHeader[], text: string): boolean {
  if (text === '') return true;
  for (const item of text.split(',')) {
    const match = itemPattern.exec(item);
    const header = headers[Number(match?.[1])];
    if (match === null || header === undefined) return false;
    if (match[2] === undefined) header.value = null;
    else if (match[2] === ':') header.value = Buffer.from(match[3]!, 'base64');
    else header.name = Buffer.from(match[3]!, 'base64');
  }
  return true;
}
