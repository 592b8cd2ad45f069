//! Zigzag varints as Kafka reads them: at most 5 (10) bytes, of which the low 32 (64) bits count.

/// What a reader made of the bytes in front of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Varint<T> {
    /// The value, and the bytes that it took.
    Value(T, usize),
    /// The bytes end in the middle of it.
    CutOff,
    TooLong,
}

pub fn unzigzag32(raw: u32) -> i32 {
    (raw >> 1) as i32 ^ -((raw & 1) as i32)
}

pub fn unzigzag64(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

/// Greatest lengths, in bytes.
pub const MAX_BYTES_32: usize = 5;
pub const MAX_BYTES_64: usize = 10;

#[inline]
pub fn read32(bytes: &[u8]) -> Varint<i32> {
    let mut raw = 0u32;
    for (i, &byte) in bytes.iter().take(MAX_BYTES_32).enumerate() {
        raw |= u32::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Varint::Value(unzigzag32(raw), i + 1);
        }
    }
    if bytes.len() < MAX_BYTES_32 { Varint::CutOff } else { Varint::TooLong }
}

#[inline]
pub fn read64(bytes: &[u8]) -> Varint<i64> {
    let mut raw = 0u64;
    for (i, &byte) in bytes.iter().take(MAX_BYTES_64).enumerate() {
        raw |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Varint::Value(unzigzag64(raw), i + 1);
        }
    }
    if bytes.len() < MAX_BYTES_64 { Varint::CutOff } else { Varint::TooLong }
}
