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

/// A random number of 64 bits, each as likely.
///
/// # Errors
///
/// As [`now`].
pub fn random_u64() -> Result<u64> {
    let mut bytes = [0; 8];
    random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A random number from 0 to below 1.
///
/// # Errors
///
/// As [`now`].
pub fn random_fraction() -> Result<f64> {
    random_u64().map(fraction)
}

/// Random bits as a number from 0 to below 1, each of the 2^53 that a float of that size can tell
/// apart as likely.
pub fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A random whole number from `from` to `to`, both included and each as likely.
///
/// # Errors
///
/// As [`now`], and `invalid_argument` for a range that is empty.
pub fn random_between(from: i64, to: i64) -> Result<i64> {
    if from > to {
        return Err(Error::new(Code::InvalidArgument, "rand of an empty range"));
    }
    // As many numbers as there are, less one, so that all 64 bits fit.
    let last = to.wrapping_sub(from) as u64;
    let mask = u64::MAX.checked_shr(last.leading_zeros()).unwrap_or(0);
    loop {
        let n = random_u64()? & mask;
        if n <= last {
            return Ok(from.wrapping_add(n as i64));
        }
    }
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
