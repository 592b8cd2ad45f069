//! A record that arrives in pieces, read field by field: the walk's slow path.

use crate::fault::Fault;
use crate::records::Record;
use crate::varint;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Field {
    #[default]
    Length,
    Attributes,
    TimestampDelta,
    OffsetDelta,
    KeyLength,
    ValueLength,
    HeaderCount,
    HeaderKeyLength,
    HeaderValueLength,
}

/// Where the reader stands in the record.
#[derive(Default)]
pub struct Partial {
    field: Field,
    /// Bits of the varint in progress, and how many bytes it took so far.
    raw: u64,
    raw_bytes: usize,
    /// Bytes of the record body after those read so far (those to skip included).
    left: usize,
    /// Bytes of a key or a value to skip before `field`.
    skip: usize,
    headers_left: u32,
    record: Record,
}

impl Partial {
    /// No byte of a record was read.
    pub fn is_idle(&self) -> bool {
        self.field == Field::Length && self.raw_bytes == 0
    }

    /// Reads on. Returns what is left of `piece`, and the record if that ended.
    pub fn step<'a>(&mut self, piece: &'a [u8]) -> Result<(&'a [u8], Option<Record>), Fault> {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(rest.len());
                self.skip -= skipped;
                self.left -= skipped;
                rest = &rest[skipped..];
            } else {
                self.take(rest[0])?;
                rest = &rest[1..];
            }
            if self.ended()? {
                let record = self.record;
                *self = Self::default();
                return Ok((rest, Some(record)));
            }
        }
        Ok((rest, None))
    }

    /// Whether the last field was read; it must end where the record does.
    fn ended(&self) -> Result<bool, Fault> {
        if self.field == Field::Length || self.skip > 0 {
            return Ok(false);
        }
        let last = self.field == Field::HeaderKeyLength && self.headers_left == 0;
        match (last, self.left) {
            (true, 0) => Ok(true),
            (false, 1..) => Ok(false),
            (true, _) => Err(Fault::BadRecord),
            (false, 0) => Err(self.fault()),
        }
    }

    /// What a wrong length at the current field counts as.
    fn fault(&self) -> Fault {
        match self.field {
            Field::HeaderKeyLength | Field::HeaderValueLength => Fault::BadHeaders,
            _ => Fault::BadRecord,
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Fault> {
        if self.field != Field::Length {
            self.left -= 1;
        }
        if self.field == Field::Attributes {
            self.field = Field::TimestampDelta;
            return Ok(());
        }
        self.raw |= u64::from(byte & 0x7f) << (7 * self.raw_bytes);
        self.raw_bytes += 1;
        if byte >= 0x80 {
            let longest = match self.field {
                Field::TimestampDelta => varint::MAX_BYTES_64,
                _ => varint::MAX_BYTES_32,
            };
            return if self.raw_bytes < longest { Ok(()) } else { Err(self.fault()) };
        }
        let raw = self.raw;
        self.raw = 0;
        self.raw_bytes = 0;
        self.accept(raw)
    }

    /// Takes a field's value and moves on to the next field.
    fn accept(&mut self, raw: u64) -> Result<(), Fault> {
        let value = varint::unzigzag32(raw as u32);
        self.field = match self.field {
            Field::Length => {
                self.left = usize::try_from(value).map_err(|_| Fault::BadRecord)?;
                // An empty record has no attributes byte.
                if self.left == 0 {
                    return Err(Fault::BadRecord);
                }
                Field::Attributes
            }
            Field::Attributes | Field::TimestampDelta => {
                self.record.timestamp_delta = varint::unzigzag64(raw);
                Field::OffsetDelta
            }
            Field::OffsetDelta => {
                self.record.offset_delta = value;
                Field::KeyLength
            }
            Field::KeyLength => {
                self.record.key_length = value;
                self.skip_field(value)?;
                Field::ValueLength
            }
            Field::ValueLength => {
                self.skip_field(value)?;
                Field::HeaderCount
            }
            Field::HeaderCount => {
                self.headers_left = u32::try_from(value).map_err(|_| Fault::BadHeaders)?;
                if self.headers_left as usize > self.left {
                    return Err(Fault::BadHeaders);
                }
                Field::HeaderKeyLength
            }
            Field::HeaderKeyLength => {
                if value < 0 {
                    return Err(Fault::BadHeaders);
                }
                self.skip_field(value)?;
                Field::HeaderValueLength
            }
            Field::HeaderValueLength => {
                self.skip_field(value)?;
                self.headers_left -= 1;
                Field::HeaderKeyLength
            }
        };
        Ok(())
    }

    fn skip_field(&mut self, length: i32) -> Result<(), Fault> {
        self.skip = length.max(0) as usize;
        if self.skip > self.left { Err(self.fault()) } else { Ok(()) }
    }
}
