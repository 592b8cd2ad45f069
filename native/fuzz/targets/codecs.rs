//! Each decoder over any bytes: it keeps within its limit, and both sinks see the same; what a
//! codec compresses it gets back. The first byte chooses the codec, the second what is done.
#![no_main]

use kopje_native_fuzz::decode::decode;
use kopje_native_fuzz::encode::encode;
use kopje_native_fuzz::scratch::with_scratch;
use kopje_native_fuzz::sink::{GrowingSink, RangeSink, Stop};
use libfuzzer_sys::fuzz_target;

const LIMIT_BYTES: usize = 1 << 16;

fn inflated(compression: u32, input: &[u8]) -> Result<Vec<u8>, Stop> {
    let mut sink = GrowingSink { bytes: Vec::new(), limit: LIMIT_BYTES };
    with_scratch(|scratch| decode(compression, input, scratch, &mut sink))?;
    Ok(sink.bytes)
}

fuzz_target!(|bytes: &[u8]| {
    let [choice, task, input @ ..] = bytes else { return };
    let compression = u32::from(choice % 4) + 1;
    if task % 8 == 0 {
        let packed = with_scratch(|scratch| encode(compression, input, 3, scratch));
        // Xerial's framing of nothing is its header; the other codecs have an empty frame.
        assert_eq!(inflated(compression, &packed.expect("known codec")).as_deref(), Ok(input));
        return;
    }
    let grown = inflated(compression, input);
    let mut out = vec![0; LIMIT_BYTES];
    let mut sink = RangeSink { out: &mut out, length: 0 };
    let ranged = with_scratch(|scratch| decode(compression, input, scratch, &mut sink));
    let length = sink.length;
    match grown {
        Ok(bytes) => {
            assert_eq!(ranged, Ok(()));
            assert!(bytes == out[..length]);
        }
        Err(stop) => assert_eq!(ranged, Err(stop)),
    }
});
