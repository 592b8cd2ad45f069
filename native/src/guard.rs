//! Nothing may unwind into Node: a panic becomes a JavaScript error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Error, Result, Status};

/// Runs `body`. What a panic leaves behind is only scratch memory, which every call overwrites,
/// and the caller's output, which is meaningless after an error.
pub fn guarded<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Err(Error::new(Status::GenericFailure, format!("panic in the addon: {what}")))
    })
}
