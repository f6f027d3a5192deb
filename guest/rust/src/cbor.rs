//! As much CBOR (RFC 8949) as the requests and replies of the contract need: integers, floats,
//! text, bytes, booleans, null, and arrays and maps of a known length. Everything else that is well
//! formed (tags, other simple values) can be skipped. Items of indefinite length are
//! refused; the host does not send them.

mod read;
mod write;

pub(crate) use read::Kind;
pub use read::Reader;
pub use write::Writer;

/// Major types, the three upper bits of an item's first byte.
const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

/// Simple values, whole first bytes.
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;
/// A float of 64 bits, its first byte: the one width that is written.
const FLOAT: u8 = 0xfb;
