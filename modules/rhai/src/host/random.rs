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
    clock::random_u64().map_err(thrown)
}

fn fraction() -> Result<f64, Box<EvalAltResult>> {
    clock::random_fraction().map_err(thrown)
}

/// A whole number from `from` to `to`, both included and each as likely.
fn within(from: INT, to: INT) -> Result<INT, Box<EvalAltResult>> {
    clock::random_between(from, to).map_err(thrown)
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
