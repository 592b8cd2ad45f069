//! Decompression into a `Sink`.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use crate::scratch::Scratch;
use crate::sink::{Sink, Stop};

/// Kafka's compression ids.
pub mod id {
    pub const GZIP: u32 = 1;
    pub const SNAPPY: u32 = 2;
    pub const LZ4: u32 = 3;
    pub const ZSTD: u32 = 4;
}

/// Decompresses `input` into `sink`.
pub fn decode(
    compression: u32,
    input: &[u8],
    scratch: &mut Scratch,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    match compression {
        id::GZIP => gzip::decode(input, scratch, sink),
        id::SNAPPY => snappy::decode(input, scratch, sink),
        id::LZ4 => lz4::decode(input, scratch, sink),
        id::ZSTD => zstd::decode(input, scratch, sink),
        _ => Err(Stop::Unsupported),
    }
}

/// The bytes `[at, at + length)` of `input`, or `Corrupt` if it ends before.
fn piece(input: &[u8], at: usize, length: usize) -> Result<&[u8], Stop> {
    input.get(at..at.saturating_add(length)).ok_or(Stop::Corrupt)
}

fn uint32_le(input: &[u8], at: usize) -> Result<u32, Stop> {
    let bytes = piece(input, at, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
