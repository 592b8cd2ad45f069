//! The walk over the records of a batch v2, fed in pieces as they come out of a decoder: records
//! that lie within a piece are walked at once, one that straddles pieces field by field. Rules as
//! Kafka's `DefaultRecord.readFrom`: any negative key or value length means null.

use crate::fault::Fault;
use crate::partial::Partial;
use crate::varint::{self, Varint};

/// ±2^53: timestamps outside are clamped, since JavaScript's numbers round beyond.
const MAX_SAFE: i64 = 1 << 53;

/// What the batch header says about its records.
pub struct Facts {
    pub count: i32,
    pub last_offset_delta: i32,
    pub base_timestamp: i64,
    /// The timestamp of every record under `LogAppendTime`.
    pub log_append_time: Option<i64>,
    /// Deltas may have holes.
    pub stored: bool,
}

/// The fields of one record that matter.
#[derive(Default, Clone, Copy)]
pub struct Record {
    pub timestamp_delta: i64,
    pub offset_delta: i32,
    pub key_length: i32,
}

pub struct Walker {
    facts: Facts,
    /// Records walked.
    pub index: i32,
    last_delta: i32,
    wrong_delta_at: Option<i32>,
    keyless_at: Option<i32>,
    pub max_timestamp: i64,
    pub offset_of_max_timestamp: i32,
    pub min_timestamp: i64,
    pub index_of_min_timestamp: i32,
    partial: Partial,
}

impl Walker {
    pub fn new(facts: Facts) -> Self {
        Self {
            facts,
            index: 0,
            last_delta: -1,
            wrong_delta_at: None,
            keyless_at: None,
            max_timestamp: -1,
            offset_of_max_timestamp: -1,
            min_timestamp: -1,
            index_of_min_timestamp: -1,
            partial: Partial::default(),
        }
    }

    /// Walks the next piece. After a fault, `index` is the bad record's.
    pub fn feed(&mut self, mut piece: &[u8]) -> Result<(), Fault> {
        while !piece.is_empty() {
            if self.partial.is_idle() {
                if self.index == self.facts.count {
                    return Err(Fault::TrailingBytes);
                }
                if let Varint::Value(length, prefix) = varint::read32(piece) {
                    let length = usize::try_from(length).map_err(|_| Fault::BadRecord)?;
                    if let Some(body) = piece.get(prefix..prefix + length) {
                        self.note(read_whole(body)?);
                        piece = &piece[prefix + length..];
                        continue;
                    }
                }
            }
            let (rest, record) = self.partial.step(piece)?;
            piece = rest;
            if let Some(record) = record {
                self.note(record);
            }
        }
        Ok(())
    }

    /// To be called after the last piece. Returns the fault and its record's index.
    pub fn finish(&self, require_keys: bool) -> Result<(), (Fault, i32)> {
        if !self.partial.is_idle() || self.index != self.facts.count {
            return Err((Fault::BadRecord, self.index));
        }
        if let (true, Some(index)) = (require_keys, self.keyless_at) {
            return Err((Fault::KeyMissing, index));
        }
        match self.wrong_delta_at {
            Some(index) => Err((Fault::BadOffsetDelta, index)),
            None => Ok(()),
        }
    }

    #[inline]
    fn note(&mut self, record: Record) {
        let index = self.index;
        let delta = record.offset_delta;
        if record.key_length < 0 && self.keyless_at.is_none() {
            self.keyless_at = Some(index);
        }
        let in_order = if self.facts.stored {
            delta > self.last_delta && delta <= self.facts.last_offset_delta
        } else {
            delta == index
        };
        if !in_order && self.wrong_delta_at.is_none() {
            self.wrong_delta_at = Some(index);
        }
        self.last_delta = delta;
        // Java's long wraps, too.
        let timestamp = self
            .facts
            .log_append_time
            .unwrap_or_else(|| self.facts.base_timestamp.wrapping_add(record.timestamp_delta))
            .clamp(-MAX_SAFE, MAX_SAFE);
        if timestamp > self.max_timestamp {
            self.max_timestamp = timestamp;
            self.offset_of_max_timestamp = delta;
        }
        let is_least = self.index_of_min_timestamp < 0 || timestamp < self.min_timestamp;
        if timestamp != -1 && is_least {
            self.min_timestamp = timestamp;
            self.index_of_min_timestamp = index;
        }
        self.index = index + 1;
    }
}

/// A cursor over one record's bytes.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    #[inline]
    fn varint(&mut self) -> Option<i32> {
        match varint::read32(self.0) {
            Varint::Value(value, length) => {
                self.0 = &self.0[length..];
                Some(value)
            }
            _ => None,
        }
    }

    #[inline]
    fn varlong(&mut self) -> Option<i64> {
        match varint::read64(self.0) {
            Varint::Value(value, length) => {
                self.0 = &self.0[length..];
                Some(value)
            }
            _ => None,
        }
    }

    /// Skips a length-prefixed field and returns its length, negative for null.
    #[inline]
    fn field(&mut self) -> Option<i32> {
        let length = self.varint()?;
        self.0 = self.0.get(length.max(0) as usize..)?;
        Some(length)
    }
}

/// Reads a record that lies whole in `body` and must fill it.
#[inline]
fn read_whole(body: &[u8]) -> Result<Record, Fault> {
    // The first byte holds the record's attributes, of which Kafka uses no bit.
    let mut cursor = Cursor(body.get(1..).ok_or(Fault::BadRecord)?);
    let record = read_fields(&mut cursor).ok_or(Fault::BadRecord)?;
    let headers = cursor.varint().ok_or(Fault::BadRecord)?;
    if headers < 0 || headers as usize > cursor.0.len() {
        return Err(Fault::BadHeaders);
    }
    for _ in 0..headers {
        let key_length = cursor.field().ok_or(Fault::BadHeaders)?;
        if key_length < 0 {
            return Err(Fault::BadHeaders);
        }
        cursor.field().ok_or(Fault::BadHeaders)?;
    }
    if cursor.0.is_empty() { Ok(record) } else { Err(Fault::BadRecord) }
}

#[inline]
fn read_fields(cursor: &mut Cursor) -> Option<Record> {
    let timestamp_delta = cursor.varlong()?;
    let offset_delta = cursor.varint()?;
    let key_length = cursor.field()?;
    cursor.field()?;
    Some(Record { timestamp_delta, offset_delta, key_length })
}
