//! The numbers that cross into JavaScript: `BatchFault`, `BatchCheck` and `BatchCheckFlags` of
//! `codecs.ts`, which says what each one means.

/// `BatchFault`, without `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Fault {
    Truncated = 1,
    BadLength = 2,
    BadMagic = 3,
    BadBaseOffset = 4,
    BadCrc = 5,
    BadAttributes = 6,
    ControlBatch = 7,
    BadCount = 8,
    BadSequence = 9,
    UnsupportedCompression = 10,
    CorruptCompression = 11,
    InflatesTooLarge = 12,
    BadRecord = 13,
    BadHeaders = 14,
    TrailingBytes = 15,
    KeyMissing = 16,
    BadOffsetDelta = 17,
}

/// Bits of `BatchCheckFlags`.
pub mod flag {
    pub const REQUIRE_KEYS: u32 = 1;
    pub const HEADERS_ONLY: u32 = 2;
    pub const STORED: u32 = 4;
}

/// Slots of `BatchCheck`.
pub mod slot {
    pub const RECORD_INDEX: usize = 0;
    pub const MAX_TIMESTAMP: usize = 1;
    pub const OFFSET_OF_MAX_TIMESTAMP: usize = 2;
    pub const INFLATED_BYTES: usize = 3;
    pub const MIN_TIMESTAMP: usize = 4;
    pub const RECORD_COUNT: usize = 5;
    pub const INDEX_OF_MIN_TIMESTAMP: usize = 6;
    pub const COUNT: usize = 7;
}
