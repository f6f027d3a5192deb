//! The Rhai script engine as a henge module: the payload of a job is a script, its result is the
//! text of the script's value.

pub mod engine;

#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod module;
