//! `checkBatch`: one record batch v2 as Kafka's `LogValidator` wants it, in one pass.

use crate::crc;
use crate::decode::decode;
use crate::fault::{Fault, flag, slot};
use crate::records::{Facts, Walker};
use crate::scratch::with_scratch;
use crate::sink::{Sink, Stop};

const HEADER_BYTES: usize = 61;
/// Where the length field's count starts.
const LENGTH_START: i64 = 12;
const CRC_START: usize = 21;

const COMPRESSION_MASK: u16 = 0x07;
const LOG_APPEND_TIME_BIT: u16 = 0x08;
const CONTROL_BIT: u16 = 0x20;
const MAX_COMPRESSION: u16 = 4;

/// Checks `batch` and fills `out`; returns the number of a `BatchFault`.
pub fn check(batch: &[u8], flags: u32, max_inflated_bytes: usize, out: &mut [f64]) -> u32 {
    out[..slot::COUNT].fill(-1.0);
    out[slot::INFLATED_BYTES] = 0.0;
    let header = match Header::read(batch, flags) {
        Ok(header) => header,
        Err(fault) => return fault as u32,
    };
    if flags & flag::HEADERS_ONLY != 0 {
        out[slot::RECORD_COUNT] = f64::from(header.count);
        out[slot::MAX_TIMESTAMP] = safe(header.max_timestamp);
        out[slot::MIN_TIMESTAMP] = safe(header.base_timestamp);
        return 0;
    }
    let stored = flags & flag::STORED != 0;
    let mut walker = Walker::new(header.facts(stored));
    let records = &batch[HEADER_BYTES..];
    let compression = header.attributes & COMPRESSION_MASK;
    let walked = if compression == 0 {
        out[slot::INFLATED_BYTES] = records.len() as f64;
        walker.feed(records).map_err(Stop::Bad)
    } else {
        let mut sink = WalkSink { walker: &mut walker, limit: max_inflated_bytes, length: 0 };
        let walked =
            with_scratch(|scratch| decode(u32::from(compression), records, scratch, &mut sink));
        out[slot::INFLATED_BYTES] = sink.length as f64;
        walked
    };
    report(&walker, walked, flags, out)
}

fn report(walker: &Walker, walked: Result<(), Stop>, flags: u32, out: &mut [f64]) -> u32 {
    out[slot::MAX_TIMESTAMP] = walker.max_timestamp as f64;
    out[slot::OFFSET_OF_MAX_TIMESTAMP] = f64::from(walker.offset_of_max_timestamp);
    out[slot::MIN_TIMESTAMP] = walker.min_timestamp as f64;
    out[slot::INDEX_OF_MIN_TIMESTAMP] = f64::from(walker.index_of_min_timestamp);
    let fault = match walked {
        Ok(()) => {
            out[slot::RECORD_COUNT] = f64::from(walker.index);
            match walker.finish(flags & flag::REQUIRE_KEYS != 0) {
                Ok(()) => return 0,
                Err((fault, index)) => {
                    out[slot::RECORD_INDEX] = f64::from(index);
                    fault
                }
            }
        }
        Err(Stop::Bad(Fault::TrailingBytes)) => Fault::TrailingBytes,
        Err(Stop::Bad(fault)) => {
            out[slot::RECORD_INDEX] = f64::from(walker.index);
            fault
        }
        Err(Stop::TooLarge) => Fault::InflatesTooLarge,
        Err(Stop::Unsupported) => Fault::UnsupportedCompression,
        Err(Stop::Corrupt) => Fault::CorruptCompression,
    };
    fault as u32
}

/// Hands decompressed pieces to the walker and keeps none of them.
struct WalkSink<'a> {
    walker: &'a mut Walker,
    limit: usize,
    length: usize,
}

impl Sink for WalkSink<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Stop> {
        self.announce(piece.len() as u64)?;
        self.length += piece.len();
        self.walker.feed(piece).map_err(Stop::Bad)
    }

    fn room(&self) -> usize {
        self.limit - self.length
    }
}

struct Header {
    attributes: u16,
    last_offset_delta: i32,
    base_timestamp: i64,
    max_timestamp: i64,
    count: i32,
}

impl Header {
    /// Reads the header and checks everything that it and the CRC can tell.
    fn read(batch: &[u8], flags: u32) -> Result<Self, Fault> {
        if batch.len() < HEADER_BYTES {
            return Err(Fault::Truncated);
        }
        let length_field = i64::from(int32(batch, 8));
        let bytes = batch.len() as i64;
        if length_field < HEADER_BYTES as i64 - LENGTH_START || length_field + LENGTH_START < bytes
        {
            return Err(Fault::BadLength);
        }
        if length_field + LENGTH_START > bytes {
            return Err(Fault::Truncated);
        }
        if batch[16] != 2 {
            return Err(Fault::BadMagic);
        }
        let stored = flags & flag::STORED != 0;
        if !stored && int64(batch, 0) != 0 {
            return Err(Fault::BadBaseOffset);
        }
        if crc::checksum(&batch[CRC_START..]) != int32(batch, 17) as u32 {
            return Err(Fault::BadCrc);
        }
        let header = Self {
            attributes: u16::from_be_bytes([batch[21], batch[22]]),
            last_offset_delta: int32(batch, 23),
            base_timestamp: int64(batch, 27),
            max_timestamp: int64(batch, 35),
            count: int32(batch, 57),
        };
        header.check(batch, stored)?;
        Ok(header)
    }

    fn check(&self, batch: &[u8], stored: bool) -> Result<(), Fault> {
        if self.attributes & COMPRESSION_MASK > MAX_COMPRESSION {
            return Err(Fault::BadAttributes);
        }
        let span = i64::from(self.last_offset_delta) + 1;
        let count = i64::from(self.count);
        if stored {
            // A log may hold batches that compaction thinned out, or emptied.
            return if count < 0 || span < count { Err(Fault::BadCount) } else { Ok(()) };
        }
        if count <= 0 || span != count {
            return Err(Fault::BadCount);
        }
        if self.attributes & CONTROL_BIT != 0 {
            return Err(Fault::ControlBatch);
        }
        let (producer_id, base_sequence) = (int64(batch, 43), int32(batch, 53));
        if producer_id >= 0 && base_sequence < 0 {
            return Err(Fault::BadSequence);
        }
        Ok(())
    }

    fn facts(&self, stored: bool) -> Facts {
        let log_append_time =
            (self.attributes & LOG_APPEND_TIME_BIT != 0).then_some(self.max_timestamp);
        Facts {
            count: self.count,
            last_offset_delta: self.last_offset_delta,
            base_timestamp: self.base_timestamp,
            log_append_time,
            stored,
        }
    }
}

fn int32(batch: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(batch[at..at + 4].try_into().expect("four bytes"))
}

fn int64(batch: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(batch[at..at + 8].try_into().expect("eight bytes"))
}

/// An int64 as JavaScript's number, clamped to where those are exact.
fn safe(value: i64) -> f64 {
    value.clamp(-(1 << 53), 1 << 53) as f64
}
