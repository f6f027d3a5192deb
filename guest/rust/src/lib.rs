//! Safe functions for modules that run jobs in henge.
//!
//! A module is a WebAssembly *reactor*: it exports `memory`, `henge_run` and, if it has something
//! to prepare, `henge_init`. [`export!`] makes these exports from ordinary functions:
//!
//! ```
//! use henge_guest::{export, job, Failure};
//!
//! export!(run: greet);
//!
//! fn greet() -> Result<(), Failure> {
//!     let name = String::from_utf8(job::input()?)?;
//!     job::output(format!("Hello, {name}!").as_bytes())?;
//!     Ok(())
//! }
//! ```
//!
//! Each group of functions is a capability, and a module's list of imports is its list of wishes:
//! a function that is never called is not imported. [`job`] is `henge_job_v1`, [`log`] is
//! `henge_log_v1`, and so on for [`clock`], [`redis`], [`sql`], [`kv`], [`circle`], [`http`] and
//! [`queue`]; [`call`] is the calling convention they share, for a capability that this crate does
//! not know. What has no type of its own there is a [`Value`].
//!
//! Every call can fail and says so with an [`Error`], never with a trap. Compiled for anything
//! but `wasm32` the crate builds and every call answers [`Code::Unsupported`], so that the parts
//! of a module that need no host can be tested with plain `cargo test`.

#![warn(missing_docs)]

pub mod call;
pub mod cbor;
pub mod circle;
pub mod clock;
mod error;
mod export;
mod failure;
pub mod http;
pub mod job;
mod json;
pub mod kv;
pub mod log;
pub mod queue;
pub mod redis;
pub mod sql;
mod value;

pub use error::{Code, Error};
pub use export::finish;
pub use failure::Failure;
pub use value::Value;
