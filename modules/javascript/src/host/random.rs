//! Random values, drawn from the host while the job runs, so that they are new in each.

use std::cell::Cell;

use henge_guest::{clock, Error, Value};
use rquickjs::object::Property;
use rquickjs::{Ctx, Function, Object};

use super::function::{self, thrown, wrong, Returned};

/// The most bytes that one call gives.
const MAX_BYTES: i64 = 65_536;

thread_local! {
    /// The state of `Math.random`; there is none until a job asks for the first number.
    static STATE: Cell<Option<[u64; 4]>> = const { Cell::new(None) };
}

pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    let math: Object = globals.get("Math")?;
    let random = |ctx: Ctx| next().map(unit).map_err(|e| thrown(&ctx, e));
    let random = Function::new(ctx.clone(), random)?.with_name("random")?;
    math.prop("random", Property::from(random).configurable().writable())?;

    function::define(&globals, "rand", 0..=2, |mut args| match args.len() {
        // As many as a number holds exactly.
        0 => Ok(Value::Int(draw()? as i64 >> 11)),
        1 => Err(wrong("rand takes no arguments, or the two ends of a range")),
        _ => within(args.int(0, "an end")?, args.int(1, "an end")?),
    })?;
    function::define(&globals, "rand_bool", 0..=0, |_| Ok((draw()? & 1 == 1).into()))?;
    for name in ["random", "rand_float"] {
        function::define(&globals, name, 0..=0, |_| Ok(unit(draw()?).into()))?;
    }
    function::define(&globals, "random_bytes", 1..=1, |mut args| {
        let count = args.int(0, "the number of bytes")?;
        if !(0..=MAX_BYTES).contains(&count) {
            return Err(wrong(format!("random_bytes gives 0 to {MAX_BYTES}")));
        }
        let mut bytes = vec![0; count as usize];
        clock::random(&mut bytes)?;
        Ok(bytes.into())
    })
}

fn draw() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    clock::random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// From 0 to below 1, each of the 2^53 that a number of that size can tell apart as likely.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A whole number from `from` to `to`, both included and each as likely.
fn within(from: i64, to: i64) -> Returned {
    if from > to {
        return Err(wrong("rand of an empty range"));
    }
    // As many numbers as there are, less one, so that all 64 bits fit.
    let last = to.wrapping_sub(from) as u64;
    let mask = u64::MAX.checked_shr(last.leading_zeros()).unwrap_or(0);
    loop {
        let n = draw()? & mask;
        if n <= last {
            return Ok(Value::Int(from.wrapping_add(n as i64)));
        }
    }
}

/// The next number of xoshiro256++, which the host seeds: a script may draw more numbers than it
/// may call the host.
fn next() -> Result<u64, Error> {
    let mut s = match STATE.get() {
        Some(state) => state,
        None => [draw()?, draw()?, draw()?, draw()? | 1],
    };
    let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3].rotate_left(45);
    STATE.set(Some(s));
    Ok(result)
}
