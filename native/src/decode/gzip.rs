use std::io::Read;

use flate2::bufread::GzDecoder;

use crate::scratch::Scratch;
use crate::sink::{Sink, Stop};

const OUTPUT_BYTES: usize = 64 << 10;

/// Reads gzip members one after the other; a zero byte behind one starts padding, as in zlib.
pub fn decode(input: &[u8], scratch: &mut Scratch, sink: &mut dyn Sink) -> Result<(), Stop> {
    let output = scratch.block(OUTPUT_BYTES);
    let mut rest = input;
    loop {
        let mut member = GzDecoder::new(rest);
        loop {
            let length = member.read(output).map_err(|_| Stop::Corrupt)?;
            if length == 0 {
                break;
            }
            sink.write(&output[..length])?;
        }
        rest = member.into_inner();
        if rest.first().is_none_or(|&byte| byte == 0) {
            return Ok(());
        }
    }
}
