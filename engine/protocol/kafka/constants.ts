/**
 * Stands for Java's `Long.MAX_VALUE`. As a JS number it is 2^63, above every other decoded value;
 * `Writer.int64` writes it back as the exact 0x7fffffffffffffff.
 */
export const INT64_MAX = 2 ** 63;

/** Stands for Java's `Long.MIN_VALUE`, which a JS number holds exactly. */
export const INT64_MIN = -(2 ** 63);

/** The uuid of all zero bits, which Kafka uses for "none", in Kafka's base64url form. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Default of `bytes` fields. */
export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/**
 * How many array elements one message may announce, over all its arrays. Bounds the memory and the
 * time that a small frame of tiny elements costs: 100 000 of them take up to 0.7 s of CPU (measured), and
 * six times the partitions that a broker holds by default.
 */
export const MAX_ARRAY_ELEMENTS = 100_000;

/**
 * What an answer may take beside its records. A request that names one topic a thousand times asks
 * for its description as often; librdkafka refuses longer answers (`receive.message.max.bytes`).
 */
export const MAX_ANSWER_BYTES = 100_000_000;
