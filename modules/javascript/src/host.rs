//! The host's functions as a script calls them: those of all engines, and what shows values, which
//! is each language's own. README.md has the list.
//!
//! An error of the host is an exception that can be caught, an Error with a `code`.

mod console;
mod function;
mod job;
mod random;
mod value;

use henge_rustengine::functions;
use rquickjs::Ctx;

/// Bits of the integers that JavaScript's numbers tell apart from their neighbours.
const INTEGER_BITS: u32 = 53;

/// Gives scripts all functions.
pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    job::define(ctx)?;
    console::define(ctx)?;
    random::define(ctx)?;
    for function in functions(INTEGER_BITS) {
        function::define(&ctx.globals(), function)?;
    }
    Ok(())
}
