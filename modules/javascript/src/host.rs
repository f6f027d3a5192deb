//! The host's functions as a script calls them. README.md has the list.
//!
//! An error of the host is an exception that can be caught, an Error with a `code`.

mod console;
mod data;
mod function;
mod http;
mod job;
mod queue;
mod random;
mod redis;
mod value;

use rquickjs::Ctx;

pub use job::has_written;

/// Gives scripts all functions.
pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    job::define(ctx)?;
    console::define(ctx)?;
    random::define(ctx)?;
    redis::define(ctx)?;
    data::define(ctx)?;
    http::define(ctx)?;
    queue::define(ctx)
}
