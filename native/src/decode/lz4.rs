use std::hash::Hasher;

use twox_hash::XxHash32;

use super::{piece, uint32_le};
use crate::scratch::Scratch;
use crate::sink::{Sink, Stop};

const MAGIC: u32 = 0x184d_2204;
const STORED_BIT: u32 = 0x8000_0000;

struct FrameHeader {
    block_max_bytes: usize,
    block_checksums: bool,
    content_checksum: bool,
    content_bytes: Option<u64>,
    end: usize,
}

/// Reads the one frame that `input` starts with; what follows its end mark is ignored, as in
/// Kafka. Linked blocks and dictionaries are refused, as in Kafka.
pub fn decode(input: &[u8], scratch: &mut Scratch, sink: &mut dyn Sink) -> Result<(), Stop> {
    let header = read_header(input)?;
    if let Some(length) = header.content_bytes {
        sink.announce(length)?;
    }
    let output = scratch.block(header.block_max_bytes);
    let mut content_hash = XxHash32::with_seed(0);
    let mut content_bytes = 0u64;
    let mut at = header.end;
    loop {
        let word = uint32_le(input, at)?;
        at += 4;
        if word == 0 {
            break;
        }
        let length = (word & !STORED_BIT) as usize;
        if length > header.block_max_bytes {
            return Err(Stop::Corrupt);
        }
        let block = piece(input, at, length)?;
        at += length;
        if header.block_checksums {
            if uint32_le(input, at)? != XxHash32::oneshot(0, block) {
                return Err(Stop::Corrupt);
            }
            at += 4;
        }
        let plain = if word & STORED_BIT != 0 {
            block
        } else {
            let plain_length =
                lz4_flex::block::decompress_into(block, output).map_err(|_| Stop::Corrupt)?;
            &output[..plain_length]
        };
        if header.content_checksum {
            content_hash.write(plain);
        }
        content_bytes += plain.len() as u64;
        sink.write(plain)?;
    }
    if header.content_bytes.is_some_and(|announced| announced != content_bytes) {
        return Err(Stop::Corrupt);
    }
    if header.content_checksum && u64::from(uint32_le(input, at)?) != content_hash.finish() {
        return Err(Stop::Corrupt);
    }
    Ok(())
}

fn read_header(input: &[u8]) -> Result<FrameHeader, Stop> {
    let fixed = piece(input, 0, 7)?;
    if uint32_le(input, 0)? != MAGIC {
        return Err(Stop::Corrupt);
    }
    let (flags, descriptor) = (fixed[4], fixed[5]);
    if flags >> 6 != 1 {
        return Err(Stop::Corrupt);
    }
    if flags & 0x20 == 0 {
        return Err(Stop::Unsupported);
    }
    let size_code = descriptor >> 4;
    if flags & 0x03 != 0 || descriptor & 0x8f != 0 || size_code < 4 {
        return Err(Stop::Corrupt);
    }
    let mut checksum_at = 6;
    let mut content_bytes = None;
    if flags & 0x08 != 0 {
        let low = u64::from(uint32_le(input, 6)?);
        content_bytes = Some(low | u64::from(uint32_le(input, 10)?) << 32);
        checksum_at = 14;
    }
    let stored = piece(input, checksum_at, 1)?[0];
    // Java clients before 0.10 hashed the magic too (KAFKA-3160).
    let right = XxHash32::oneshot(0, &input[4..checksum_at]) >> 8;
    let old = XxHash32::oneshot(0, &input[..checksum_at]) >> 8;
    if stored != right as u8 && stored != old as u8 {
        return Err(Stop::Corrupt);
    }
    Ok(FrameHeader {
        block_max_bytes: 1 << (2 * size_code + 8),
        block_checksums: flags & 0x10 != 0,
        content_checksum: flags & 0x04 != 0,
        content_bytes,
        end: checksum_at + 1,
    })
}
