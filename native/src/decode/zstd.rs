use zstd_safe::{InBuffer, OutBuffer};

use crate::scratch::Scratch;
use crate::sink::{Sink, Stop};

/// One block's greatest content (RFC 8878), which is also what the library recommends.
const OUTPUT_BYTES: usize = 128 << 10;

/// `ZSTD_error_frameParameter_windowTooLarge`, as the negated result of a call.
const WINDOW_TOO_LARGE: usize = 16;

/// Reads frames one after the other, with or without a content size, skippable ones among them.
pub fn decode(input: &[u8], scratch: &mut Scratch, sink: &mut dyn Sink) -> Result<(), Stop> {
    if input.is_empty() {
        return Err(Stop::Corrupt);
    }
    if let Ok(Some(length)) = zstd_safe::get_frame_content_size(input) {
        sink.announce(length)?;
    }
    let (context, output) = scratch.decompressor(OUTPUT_BYTES);
    let mut source = InBuffer::around(input);
    loop {
        let before = source.pos();
        let mut target = OutBuffer::around(&mut *output);
        let hint = context.decompress_stream(&mut target, &mut source).map_err(stop_of)?;
        let length = target.pos();
        sink.write(&output[..length])?;
        let ended = source.pos() == input.len();
        if ended && hint == 0 {
            return Ok(());
        }
        let stuck = source.pos() == before && length == 0;
        if stuck || (ended && length < OUTPUT_BYTES) {
            return Err(Stop::Corrupt);
        }
    }
}

fn stop_of(code: zstd_safe::ErrorCode) -> Stop {
    if code.wrapping_neg() == WINDOW_TOO_LARGE { Stop::TooLarge } else { Stop::Corrupt }
}
