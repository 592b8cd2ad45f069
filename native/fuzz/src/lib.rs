//! The addon's modules that know nothing of Node, compiled by their paths: the addon itself is a
//! `cdylib` that links only inside Node.

#[path = "../../src/batch.rs"]
pub mod batch;
#[path = "../../src/crc.rs"]
pub mod crc;
#[path = "../../src/decode/mod.rs"]
pub mod decode;
#[path = "../../src/encode.rs"]
pub mod encode;
#[path = "../../src/fault.rs"]
pub mod fault;
#[path = "../../src/partial.rs"]
pub mod partial;
#[path = "../../src/records.rs"]
pub mod records;
#[path = "../../src/scratch.rs"]
pub mod scratch;
#[path = "../../src/sink.rs"]
pub mod sink;
#[path = "../../src/varint.rs"]
pub mod varint;
