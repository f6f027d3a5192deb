//! What engines in Rust have in common: the host's functions under the names that the README of
//! Rhai lists, in values of no language, what a job begins with, and how one ends whose script did
//! not. An engine turns its own values into these and back, and an error into an exception.
//!
//! What belongs to a language stays with it: how `output` and the lines of the log show a value, and
//! what its own errors say.

mod args;
mod data;
mod end;
mod function;
mod http;
mod job;
mod log;
mod module;
mod queue;
mod random;
mod redis;

pub use args::wrong;
pub use end::{uncaught, unparsed, Place};
pub use function::{Function, Returned};
pub use job::{has_written, names, set_written};
pub use log::{line, LINES};
pub use module::{ready, run};

/// All functions, in no order that matters. `integer_bits` is how many bits the language's ordinary
/// integers have, at most 64: `rand()` gives one of these.
pub fn functions(integer_bits: u32) -> Vec<Function> {
    let mut all = Vec::with_capacity(80);
    job::add(&mut all);
    random::add(&mut all, integer_bits);
    redis::add(&mut all);
    data::add(&mut all);
    http::add(&mut all);
    queue::add(&mut all);
    all
}

/// Why a value cannot leave a script: the words are the same in every language.
pub mod refused {
    use super::wrong;
    use henge_guest::Error;

    /// The nesting that the contract allows. A script can also make a list that has itself inside.
    pub const MAX_DEPTH: usize = 64;

    /// A value is nested beyond [`MAX_DEPTH`].
    pub fn too_deep() -> Error {
        wrong(format!("a value has more than {MAX_DEPTH} levels"))
    }

    /// The contract has nothing for values of this type.
    pub fn of_type(name: &str) -> Error {
        wrong(format!("a value of type {name} cannot leave the script"))
    }

    /// The contract's integers have 64 bits.
    pub fn too_large() -> Error {
        wrong("an integer has more than 64 bits")
    }
}
