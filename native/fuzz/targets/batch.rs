//! `checkBatch` over any bytes, with length, magic and CRC made right, so that what lies behind
//! them is reached; all combinations of flags.
#![no_main]

use kopje_native_fuzz::fault::slot;
use kopje_native_fuzz::{batch, crc};
use libfuzzer_sys::fuzz_target;

const HEADER_BYTES: usize = 61;
const MAX_INFLATED_BYTES: usize = 1 << 20;
const FLAG_COMBINATIONS: u32 = 8;

fuzz_target!(|input: &[u8]| {
    let mut out = [0.0; slot::COUNT];
    for flags in 0..FLAG_COMBINATIONS {
        batch::check(input, flags, MAX_INFLATED_BYTES, &mut out);
    }
    if input.len() < HEADER_BYTES {
        return;
    }
    let mut sealed = input.to_vec();
    let length = (sealed.len() - 12) as u32;
    sealed[8..12].copy_from_slice(&length.to_be_bytes());
    sealed[16] = 2;
    let sum = crc::checksum(&sealed[21..]);
    sealed[17..21].copy_from_slice(&sum.to_be_bytes());
    for flags in 0..FLAG_COMBINATIONS {
        let fault = batch::check(&sealed, flags, MAX_INFLATED_BYTES, &mut out);
        assert!(out[slot::INFLATED_BYTES] <= MAX_INFLATED_BYTES.max(sealed.len()) as f64);
        assert!(fault != 0 || out[slot::RECORD_COUNT] >= 0.0);
        assert!(out[slot::RECORD_COUNT] <= i32::MAX as f64);
    }
});
