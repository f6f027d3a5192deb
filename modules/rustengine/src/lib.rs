//! What engines in Rust have in common: the host's functions under the names that the README of
//! Rhai lists, in values of no language. An engine turns its own values into these and back, and
//! an error into an exception.
//!
//! What belongs to a language stays with it: `output`, the lines of the log, and how either shows a
//! value.

mod args;
mod data;
mod function;
mod http;
mod job;
mod queue;
mod random;
mod redis;

pub use args::{kind, wrong, Args};
pub use function::{Function, Returned};

/// All functions, in no order that matters.
pub fn functions() -> Vec<Function> {
    let mut all = Vec::with_capacity(80);
    job::add(&mut all);
    random::add(&mut all);
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
