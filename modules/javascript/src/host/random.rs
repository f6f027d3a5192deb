//! `Math.random`, whose numbers are new in each job.

use std::cell::Cell;

use henge_guest::{clock, Error};
use rquickjs::object::Property;
use rquickjs::{Ctx, Function, Object};

use super::function::thrown;

thread_local! {
    /// The state of `Math.random`; there is none until a job asks for the first number.
    static STATE: Cell<Option<[u64; 4]>> = const { Cell::new(None) };
}

pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    let math: Object = ctx.globals().get("Math")?;
    let random = |ctx: Ctx| next().map(clock::fraction).map_err(|e| thrown(&ctx, e));
    let random = Function::new(ctx.clone(), random)?.with_name("random")?;
    math.prop("random", Property::from(random).configurable().writable())
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
