//! Decoder state that a thread keeps between calls, so that a batch costs no allocation.

use std::cell::RefCell;

use zstd_safe::{CCtx, DCtx, DParameter};

/// A frame may ask for a window of 2^27 bytes at most (`zstd --long`'s own default).
pub const MAX_WINDOW_LOG: u32 = 27;

/// What a thread keeps at most of each: a hostile batch must not pin its memory for ever.
const KEPT_BLOCK_BYTES: usize = 1 << 20;
const KEPT_CONTEXT_BYTES: usize = 10 << 20;

pub struct Scratch {
    block: Vec<u8>,
    decompressor: Option<DCtx<'static>>,
    compressor: Option<CCtx<'static>>,
}

impl Scratch {
    const fn new() -> Self {
        Self { block: Vec::new(), decompressor: None, compressor: None }
    }

    /// A buffer of `length` bytes with arbitrary content.
    pub fn block(&mut self, length: usize) -> &mut [u8] {
        if self.block.len() < length {
            self.block.resize(length, 0);
        }
        &mut self.block[..length]
    }

    /// A fresh Zstandard decoder, and an output buffer of `length` bytes.
    pub fn decompressor(&mut self, length: usize) -> (&mut DCtx<'static>, &mut [u8]) {
        if self.block.len() < length {
            self.block.resize(length, 0);
        }
        let context = self.decompressor.get_or_insert_with(DCtx::create);
        // Both fail only for a bad argument or in the middle of a frame that `reset` has ended.
        let _ = context.reset(zstd_safe::ResetDirective::SessionOnly);
        let _ = context.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG));
        (context, &mut self.block[..length])
    }

    pub fn compressor(&mut self) -> &mut CCtx<'static> {
        self.compressor.get_or_insert_with(CCtx::create)
    }

    fn trim(&mut self) {
        if self.block.len() > KEPT_BLOCK_BYTES {
            self.block = Vec::new();
        }
        if self.decompressor.as_ref().is_some_and(|context| context.sizeof() > KEPT_CONTEXT_BYTES) {
            self.decompressor = None;
        }
        if self.compressor.as_ref().is_some_and(|context| context.sizeof() > KEPT_CONTEXT_BYTES) {
            self.compressor = None;
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

/// Runs `body` with the thread's scratch memory, and trims that afterwards.
pub fn with_scratch<T>(body: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        let result = body(scratch);
        scratch.trim();
        result
    })
}
