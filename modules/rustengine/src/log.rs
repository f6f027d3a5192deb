//! The lines that a script writes to the job's log.

use henge_guest::log::{self, Level};
use henge_guest::{Error, Value};

use crate::args::{kind, wrong};

/// The functions that write a line, each with its level.
pub const LINES: [(&str, Level); 4] = [
    ("log_debug", Level::Debug),
    ("log_info", Level::Info),
    ("log_warn", Level::Warn),
    ("log_error", Level::Error),
];

/// Writes a line. One that cannot be written is no reason for a script to fail.
///
/// # Errors
///
/// `invalid_argument` for fields that are no map.
pub fn line(level: Level, text: &str, fields: Value) -> Result<(), Error> {
    let fields = match fields {
        Value::Null => Vec::new(),
        Value::Map(fields) => fields,
        other => {
            let got = kind(&other);
            return Err(wrong(format!(
                "what stands beside a line is a map, and not {got}"
            )));
        }
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect();
    drop(log::write_with(level, text, &fields));
    Ok(())
}
