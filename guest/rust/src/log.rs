//! `henge_log_v1`: lines that are kept with the job and shown while it runs.

use crate::call::{call_fixed, imports};
use crate::cbor::Writer;
use crate::error::Result;
use crate::value::Value;

mod host {
    super::imports!("henge_log_v1": write);
}

/// How important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For whoever writes the script.
    Debug,
    /// What happens, in the ordinary course of things.
    Info,
    /// Something that somebody should look at.
    Warn,
    /// Something that went wrong.
    Error,
}

impl Level {
    /// The level's name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// Writes a line.
///
/// Beyond the job's log limit the host drops lines and counts them, which is no error.
///
/// # Errors
///
/// `access_denied` where the circle's policy grants no log, `too_large` for a line longer than the
/// host accepts.
pub fn write(level: Level, text: &str) -> Result<()> {
    write_with(level, text, &[])
}

/// Writes a line of level [`Level::Debug`]. Errors as [`write()`].
pub fn debug(text: &str) -> Result<()> {
    write(Level::Debug, text)
}

/// Writes a line of level [`Level::Info`]. Errors as [`write()`].
pub fn info(text: &str) -> Result<()> {
    write(Level::Info, text)
}

/// Writes a line of level [`Level::Warn`]. Errors as [`write()`].
pub fn warn(text: &str) -> Result<()> {
    write(Level::Warn, text)
}

/// Writes a line of level [`Level::Error`]. Errors as [`write()`].
pub fn error(text: &str) -> Result<()> {
    write(Level::Error, text)
}

/// Writes a line with named values beside it.
///
/// # Errors
///
/// As [`write()`].
pub fn write_with(level: Level, text: &str, fields: &[(&str, Value)]) -> Result<()> {
    let mut request = Writer::with_capacity(text.len() + 32);
    request.map(if fields.is_empty() { 2 } else { 3 });
    request.text("level").text(level.name());
    request.text("text").text(text);
    if !fields.is_empty() {
        request.text("fields").map(fields.len());
        for (name, value) in fields {
            request.text(name);
            value.write(&mut request);
        }
    }
    // SAFETY: the import keeps the calling convention, as the contract promises.
    unsafe { call_fixed(host::write, request.as_bytes(), &mut []) }.map(drop)
}
