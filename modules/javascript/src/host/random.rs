//! Random values, drawn from the host while the job runs, so that they are new in each.

use std::cell::Cell;

use henge_guest::{clock, Error, Value};
use rquickjs::object::Property;
use rquickjs::{Ctx, Function, Object};

use super::function::{self, thrown, wrong};

/// The most bytes that one call gives.
const MAX_BYTES: i64 = 65_536;

thread_local! {
    /// The state of `Math.random`; there is none until a job asks for the first number.
    static STATE: Cell<Option<[u64; 4]>> = const { Cell::new(None) };
}

pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    let math: Object = globals.get("Math")?;
    let random = |ctx: Ctx| next().map(clock::fraction).map_err(|e| thrown(&ctx, e));
    let random = Function::new(ctx.clone(), random)?.with_name("random")?;
    math.prop("random", Property::from(random).configurable().writable())?;

    function::define(&globals, "rand", 0..=2, |mut args| match args.len() {
        // As many as a number holds exactly.
        0 => Ok(Value::Int(clock::random_u64()? as i64 >> 11)),
        1 => Err(wrong("rand takes no arguments, or the two ends of a range")),
        _ => clock::random_between(args.int(0, "an end")?, args.int(1, "an end")?).map(Value::Int),
    })?;
    function::define(&globals, "rand_bool", 0..=0, |_| {
        Ok((clock::random_u64()? & 1 == 1).into())
    })?;
    for name in ["random", "rand_float"] {
        function::define(&globals, name, 0..=0, |_| {
            Ok(clock::random_fraction()?.into())
        })?;
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

/// The next number of xoshiro256++, which the host seeds: a script may draw more numbers than it
/// may call the host.
fn next() -> Result<u64, Error> {
    let mut s = match STATE.get() {
        Some(state) => state,
        None => {
            let draw = clock::random_u64;
            [draw()?, draw()?, draw()?, draw()? | 1]
        }
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
