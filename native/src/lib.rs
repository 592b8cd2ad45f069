//! Kopje's addon: what must be fast or must not run on libuv's threads. `codecs.ts` states the
//! contract; `addon.ts` turns the numbers returned here into its results and errors.
//!
//! Views may lie over a `SharedArrayBuffer`. Kopje lends a range to one thread at a time, so no
//! other thread writes to one that is being read here.

#![warn(clippy::pedantic, clippy::undocumented_unsafe_blocks)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    clippy::similar_names
)]

mod batch;
mod crc;
mod decode;
mod encode;
mod fault;
mod guard;
mod partial;
mod records;
mod scratch;
mod send_file;
mod sink;
mod sync_pool;
mod syncer;
mod varint;

use napi::bindgen_prelude::{Either, Float64ArraySlice, Uint8Array, Uint8ArraySlice};
use napi::{Error, Result, Status};
use napi_derive::napi;

use guard::guarded;
use scratch::with_scratch;
use sink::{GrowingSink, RangeSink, Stop};

fn range(view: &[u8], start: u32, end: u32) -> Result<&[u8]> {
    view.get(start as usize..end as usize)
        .ok_or_else(|| Error::new(Status::InvalidArg, "a range outside its view"))
}

/// What decoders answer instead of a length.
fn code_of(stop: Stop) -> i32 {
    match stop {
        Stop::Corrupt | Stop::Bad(_) => -1,
        Stop::TooLarge => -2,
        Stop::Unsupported => -3,
    }
}

#[napi]
pub fn crc32c(view: &[u8], start: u32, end: u32) -> Result<u32> {
    guarded(|| Ok(crc::checksum(range(view, start, end)?)))
}

#[napi]
pub fn crc32c_continued(view: &[u8], start: u32, end: u32, seed: u32) -> Result<u32> {
    guarded(|| Ok(crc::continued(seed, range(view, start, end)?)))
}

#[napi]
pub fn crc32c_combine(crc_a: u32, crc_b: u32, length_b: f64) -> Result<u32> {
    guarded(|| Ok(crc::combined(crc_a, crc_b, length_b as u64)))
}

/// Returns the bytes written from `out_start`, or -1 corrupt, -2 too large, -3 unsupported.
#[napi]
pub fn decompress(
    compression: u32,
    view: &[u8],
    start: u32,
    end: u32,
    mut out: Uint8ArraySlice,
    out_start: u32,
) -> Result<i32> {
    guarded(|| {
        let input = range(view, start, end)?;
        // SAFETY: the caller lends `out` for this call, and decompresses no range into itself.
        let out = unsafe { out.as_mut() }
            .get_mut(out_start as usize..)
            .ok_or_else(|| Error::new(Status::InvalidArg, "outStart outside out"))?;
        let mut sink = RangeSink { out, length: 0 };
        let done = with_scratch(|scratch| decode::decode(compression, input, scratch, &mut sink));
        Ok(done.map_or_else(code_of, |()| sink.length as i32))
    })
}

/// Returns the bytes, or the same codes.
#[napi]
pub fn inflate(
    compression: u32,
    view: &[u8],
    start: u32,
    end: u32,
    max_bytes: f64,
) -> Result<Either<Uint8Array, i32>> {
    guarded(|| {
        let input = range(view, start, end)?;
        let mut sink = GrowingSink { bytes: Vec::new(), limit: max_bytes as usize };
        let done = with_scratch(|scratch| decode::decode(compression, input, scratch, &mut sink));
        Ok(match done {
            Ok(()) => Either::A(sink.bytes.into()),
            Err(stop) => Either::B(code_of(stop)),
        })
    })
}

/// Returns the compressed bytes, or nothing for a compression that it does not know.
#[napi]
pub fn compress(
    compression: u32,
    view: &[u8],
    start: u32,
    end: u32,
    level: i32,
) -> Result<Option<Uint8Array>> {
    guarded(|| {
        let input = range(view, start, end)?;
        let packed = with_scratch(|scratch| encode::encode(compression, input, level, scratch));
        Ok(packed.map(Uint8Array::from))
    })
}

#[napi]
pub fn check_batch(
    view: &[u8],
    start: u32,
    end: u32,
    flags: u32,
    max_inflated_bytes: f64,
    mut out: Float64ArraySlice,
) -> Result<u32> {
    guarded(|| {
        let batch = range(view, start, end)?;
        // SAFETY: the caller lends `out` for this call; no batch lies in it.
        let out = unsafe { out.as_mut() };
        Ok(batch::check(batch, flags, max_inflated_bytes as usize, out))
    })
}

/// Bytes sent, 0 when the socket is full, or a negative errno.
#[napi]
pub fn send_file(socket: i32, file: i32, position: f64, count: f64) -> Result<f64> {
    guarded(|| Ok(send_file::send(socket, file, position as i64, count as usize) as f64))
}

/// Sets how much of what is sent may wait in the kernel: 0, or a negative errno.
#[napi]
pub fn set_send_buffer(socket: i32, size: i32) -> Result<f64> {
    guarded(|| Ok(send_file::set_send_buffer(socket, size) as f64))
}

/// Whether a range can be sent without waiting for the disk, by a sample every `step` bytes.
#[napi]
pub fn is_resident(file: i32, position: f64, size: f64, step: f64) -> Result<bool> {
    guarded(|| Ok(send_file::is_resident(file, position as i64, size as i64, step as i64)))
}

/// For the test that a panic becomes an error.
#[napi]
pub fn panic_for_test() -> Result<()> {
    guarded(|| panic!("on request"))
}
