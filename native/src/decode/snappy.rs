use super::piece;
use crate::scratch::Scratch;
use crate::sink::{Sink, Stop};

/// Xerial's magic; version and lowest compatible version follow.
const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_BYTES: usize = 16;

/// No Snappy element makes more than 64 bytes of 3, so no block grows more than this.
const MAX_GROWTH: u64 = 22;

/// Reads one raw block (librdkafka, Go), or Xerial's blocks (Java, kafkajs); several Xerial
/// streams in a row are one, as in Java.
pub fn decode(input: &[u8], scratch: &mut Scratch, sink: &mut dyn Sink) -> Result<(), Stop> {
    if !is_xerial(input) {
        return decode_block(input, scratch, sink);
    }
    let mut at = HEADER_BYTES;
    while at < input.len() {
        if is_xerial(&input[at..]) {
            at += HEADER_BYTES;
            continue;
        }
        let prefix = piece(input, at, 4)?;
        let length = u32::from_be_bytes([prefix[0], prefix[1], prefix[2], prefix[3]]) as usize;
        decode_block(piece(input, at + 4, length)?, scratch, sink)?;
        at += 4 + length;
    }
    Ok(())
}

fn is_xerial(input: &[u8]) -> bool {
    input.len() >= HEADER_BYTES && input.starts_with(&MAGIC)
}

fn decode_block(block: &[u8], scratch: &mut Scratch, sink: &mut dyn Sink) -> Result<(), Stop> {
    if block.is_empty() {
        return Err(Stop::Corrupt);
    }
    let announced = snap::raw::decompress_len(block).map_err(|_| Stop::Corrupt)?;
    sink.announce(announced as u64)?;
    if announced as u64 > block.len() as u64 * MAX_GROWTH {
        return Err(Stop::Corrupt);
    }
    let output = scratch.block(announced);
    let length = snap::raw::Decoder::new().decompress(block, output).map_err(|_| Stop::Corrupt)?;
    sink.write(&output[..length])
}
