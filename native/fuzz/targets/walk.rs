//! The walk over records finds the same whether they come whole or in pieces of any lengths.
#![no_main]

use kopje_native_fuzz::fault::Fault;
use kopje_native_fuzz::records::{Facts, Walker};
use libfuzzer_sys::fuzz_target;

fn walker(count: u8, stored: bool) -> Walker {
    Walker::new(Facts {
        count: i32::from(count),
        last_offset_delta: i32::from(count) - 1,
        base_timestamp: 1_700_000_000_000,
        log_append_time: None,
        stored,
    })
}

type Found = (Result<(), Fault>, i32, i64, i32, i64, i32);

fn found(walker: &Walker, walked: Result<(), Fault>) -> Found {
    let whole = walked.and_then(|()| walker.finish(true).map_err(|(fault, _)| fault));
    (
        whole,
        walker.index,
        walker.max_timestamp,
        walker.offset_of_max_timestamp,
        walker.min_timestamp,
        walker.index_of_min_timestamp,
    )
}

fuzz_target!(|bytes: &[u8]| {
    let [count, step, records @ ..] = bytes else { return };
    let stored = step & 1 != 0;
    let mut whole = walker(*count, stored);
    let walked = whole.feed(records);
    let in_one = found(&whole, walked);
    let mut pieces = walker(*count, stored);
    let length = usize::from(step >> 1) + 1;
    let walked = records.chunks(length).try_for_each(|piece| pieces.feed(piece));
    let in_pieces = found(&pieces, walked);
    assert_eq!(in_one, in_pieces);
});
