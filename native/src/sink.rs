//! Where decompressed bytes go. Every sink has a limit, so every decoder is bounded.

use crate::fault::Fault;

/// Why a decoder stopped before the end of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Corrupt,
    /// Past the sink's limit, or a window above `MAX_WINDOW_LOG`.
    TooLarge,
    Unsupported,
    /// The sink found something wrong in what came out.
    Bad(Fault),
}

pub trait Sink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Stop>;

    /// Bytes that it still takes.
    fn room(&self) -> usize;

    /// Refuses a length that a header announces before anything is allocated for it.
    fn announce(&self, length: u64) -> Result<(), Stop> {
        if length > self.room() as u64 { Err(Stop::TooLarge) } else { Ok(()) }
    }
}

/// A range of the caller's.
pub struct RangeSink<'a> {
    pub out: &'a mut [u8],
    pub length: usize,
}

impl Sink for RangeSink<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Stop> {
        self.announce(piece.len() as u64)?;
        self.out[self.length..self.length + piece.len()].copy_from_slice(piece);
        self.length += piece.len();
        Ok(())
    }

    fn room(&self) -> usize {
        self.out.len() - self.length
    }
}

/// Memory of its own, which grows up to a limit.
pub struct GrowingSink {
    pub bytes: Vec<u8>,
    pub limit: usize,
}

impl Sink for GrowingSink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Stop> {
        self.announce(piece.len() as u64)?;
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            let target = needed.max(self.bytes.capacity() * 2).min(self.limit);
            self.bytes.reserve_exact(target - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    fn room(&self) -> usize {
        self.limit - self.bytes.len()
    }
}
