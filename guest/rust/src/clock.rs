//! `henge_clock_v1`: time and randomness, which a test can fix.

use std::time::Duration;

use crate::call::{call_fixed, imports, Import};
use crate::error::{Code, Error, Result};

mod host {
    super::imports!("henge_clock_v1": now, monotonic, random);
}

/// The most bytes that the host gives in one call.
const RANDOM_MAX: usize = 65_536;

/// Time since the beginning of 1970, UTC, in nanoseconds.
///
/// # Errors
///
/// `access_denied` where the circle's policy grants no clock.
pub fn now() -> Result<Duration> {
    nanoseconds(host::now)
}

/// Time since the job began, in nanoseconds. It never goes back.
///
/// # Errors
///
/// As [`now`].
pub fn monotonic() -> Result<Duration> {
    nanoseconds(host::monotonic)
}

/// Fills `out`, of any length, with random bytes fit for keys. They are new in every job, which
/// those of a generator that was seeded before the job are not.
///
/// # Errors
///
/// As [`now`]. `out` may be filled in part then.
pub fn random(out: &mut [u8]) -> Result<()> {
    for chunk in out.chunks_mut(RANDOM_MAX) {
        let count = (chunk.len() as u32).to_le_bytes();
        // SAFETY: the import keeps the calling convention, as the contract promises.
        let len = unsafe { call_fixed(host::random, &count, chunk) }?;
        expect(len, chunk.len())?;
    }
    Ok(())
}

fn nanoseconds(import: Import) -> Result<Duration> {
    let mut out = [0; 8];
    // SAFETY: as in random().
    let len = unsafe { call_fixed(import, &[], &mut out) }?;
    expect(len, out.len())?;
    Ok(Duration::from_nanos(u64::from_le_bytes(out)))
}

fn expect(len: usize, want: usize) -> Result<()> {
    if len == want {
        return Ok(());
    }
    let message = format!("a reply of {len} bytes where {want} are expected");
    Err(Error::new(Code::Internal, message))
}
