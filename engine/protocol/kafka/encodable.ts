/**
 * What an encoder accepts for a message: every field may be left out, down to the last struct, and
 * is then written as the default of Kafka's definition.
 */
export type Encodable<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Encodable<Element>[]
    : T extends object
      ? { readonly [Field in keyof T]?: Encodable<T[Field]> | undefined }
      : T;

/** Record batches to write: one view, or several that follow each other on the wire. */
export type RecordViews = Uint8Array | readonly Uint8Array[];
