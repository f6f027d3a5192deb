//! Random values, drawn from the host while the job runs, so that they are new in each.

use std::ops::{Range, RangeInclusive};

use henge_guest::clock;
use rhai::{Dynamic, Engine, EvalAltResult, INT};

use super::{thrown, wrong, Returned};

pub fn register(engine: &mut Engine) {
    engine.register_fn("rand", || draw().map(|n| n as INT));
    engine.register_fn("rand", |from: INT, to: INT| within(from, to));
    engine.register_fn("rand", |range: RangeInclusive<INT>| {
        within(*range.start(), *range.end())
    });
    engine.register_fn("rand", |range: Range<INT>| match range.is_empty() {
        true => Err(wrong("rand of an empty range")),
        false => within(range.start, range.end - 1),
    });
    engine.register_fn("rand_bool", || draw().map(|n| n & 1 == 1));
    engine.register_fn("rand_float", fraction);
    engine.register_fn("random", fraction);
    engine.register_fn("random_bytes", bytes);
}

fn draw() -> Result<u64, Box<EvalAltResult>> {
    let mut bytes = [0; 8];
    clock::random(&mut bytes).map_err(thrown)?;
    Ok(u64::from_le_bytes(bytes))
}

/// From 0 to below 1, each of the 2^53 that a float of that size can tell apart as likely.
fn fraction() -> Result<f64, Box<EvalAltResult>> {
    Ok((draw()? >> 11) as f64 / (1_u64 << 53) as f64)
}

/// A whole number from `from` to `to`, both included and each as likely.
fn within(from: INT, to: INT) -> Result<INT, Box<EvalAltResult>> {
    if from > to {
        return Err(wrong("rand of an empty range"));
    }
    // As many numbers as there are, less one, so that all 64 bits fit.
    let last = to.wrapping_sub(from) as u64;
    let mask = u64::MAX.checked_shr(last.leading_zeros()).unwrap_or(0);
    loop {
        let n = draw()? & mask;
        if n <= last {
            return Ok(from.wrapping_add(n as INT));
        }
    }
}

fn bytes(count: INT) -> Returned {
    let count = usize::try_from(count)
        .ok()
        .filter(|n| *n <= crate::engine::MAX_ARRAY)
        .ok_or_else(|| {
            wrong(format!(
                "random_bytes gives 0 to {}",
                crate::engine::MAX_ARRAY
            ))
        })?;
    let mut bytes = vec![0; count];
    clock::random(&mut bytes).map_err(thrown)?;
    Ok(Dynamic::from_blob(bytes))
}
