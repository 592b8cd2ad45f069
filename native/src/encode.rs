//! Compression into the framing that Kafka clients write.

use std::io::Write;

use flate2::write::GzEncoder;
use twox_hash::XxHash32;
use zstd_safe::CParameter;

use crate::decode::id;
use crate::scratch::Scratch;

const LZ4_BLOCK_BYTES: usize = 64 << 10;
/// The block size of Xerial's output stream.
const SNAPPY_BLOCK_BYTES: usize = 32 << 10;
/// Xerial's magic, version 1, readable from version 1 on.
const XERIAL_HEADER: &[u8; 16] = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";

/// Compresses `input`; `None` for an unknown id. Levels are checked by the caller.
pub fn encode(
    compression: u32,
    input: &[u8],
    level: i32,
    scratch: &mut Scratch,
) -> Option<Vec<u8>> {
    match compression {
        id::GZIP => gzip(input, level),
        id::SNAPPY => snappy(input),
        id::LZ4 => lz4(input),
        id::ZSTD => zstd(input, level, scratch),
        _ => None,
    }
}

fn gzip(input: &[u8], level: i32) -> Option<Vec<u8>> {
    let level = flate2::Compression::new(level.clamp(0, 9) as u32);
    let mut encoder = GzEncoder::new(Vec::with_capacity(input.len() / 2 + 64), level);
    encoder.write_all(input).ok()?;
    encoder.finish().ok()
}

fn snappy(input: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(input.len() / 2 + 64);
    output.extend_from_slice(XERIAL_HEADER);
    let mut encoder = snap::raw::Encoder::new();
    for block in input.chunks(SNAPPY_BLOCK_BYTES) {
        let prefix = output.len();
        output.resize(prefix + 4 + snap::raw::max_compress_len(block.len()), 0);
        let length = encoder.compress(block, &mut output[prefix + 4..]).ok()?;
        output[prefix..prefix + 4].copy_from_slice(&(length as u32).to_be_bytes());
        output.truncate(prefix + 4 + length);
    }
    Some(output)
}

fn lz4(input: &[u8]) -> Option<Vec<u8>> {
    // Frame version 1, independent blocks of 64 KiB, no checksums: what the Java client writes.
    let descriptor = [0x60, 0x40];
    let mut output = Vec::with_capacity(input.len() / 2 + 64);
    output.extend_from_slice(&[0x04, 0x22, 0x4d, 0x18, descriptor[0], descriptor[1]]);
    output.push((XxHash32::oneshot(0, &descriptor) >> 8) as u8);
    for block in input.chunks(LZ4_BLOCK_BYTES) {
        let prefix = output.len();
        let bound = lz4_flex::block::get_maximum_output_size(block.len());
        output.resize(prefix + 4 + bound, 0);
        let length = lz4_flex::block::compress_into(block, &mut output[prefix + 4..]).ok()?;
        output.truncate(prefix + 4 + length);
        let mut word = length as u32;
        if length >= block.len() {
            word = block.len() as u32 | 0x8000_0000;
            output.truncate(prefix + 4);
            output.extend_from_slice(block);
        }
        output[prefix..prefix + 4].copy_from_slice(&word.to_le_bytes());
    }
    output.extend_from_slice(&[0; 4]);
    Some(output)
}

fn zstd(input: &[u8], level: i32, scratch: &mut Scratch) -> Option<Vec<u8>> {
    let context = scratch.compressor();
    context.set_parameter(CParameter::CompressionLevel(level)).ok()?;
    let mut output = Vec::with_capacity(zstd_safe::compress_bound(input.len()));
    context.compress2(&mut output, input).ok()?;
    output.shrink_to_fit();
    Some(output)
}
