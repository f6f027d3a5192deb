//! Lines of the job's log. Parameters of any name are kept beside the text.

use henge_guest::log::{self, Level};
use henge_guest::Value;

use super::Entry;
use crate::call::{typed, Answer, Call};

const TAKES: &str = "text... [name:value...]";

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "debug",
        takes: TAKES,
        run: |_, call| line(Level::Debug, call),
    },
    Entry {
        name: "info",
        takes: TAKES,
        run: |_, call| line(Level::Info, call),
    },
    Entry {
        name: "warn",
        takes: TAKES,
        run: |_, call| line(Level::Warn, call),
    },
    Entry {
        name: "error",
        takes: TAKES,
        run: |_, call| line(Level::Error, call),
    },
];

/// Writes a line. One that cannot be written is no reason for a script to fail.
fn line(level: Level, call: &Call) -> Answer {
    let fields: Vec<_> = call
        .named
        .iter()
        .map(|p| (&*p.key, p.value.items.first().map_or(Value::Null, typed)))
        .collect();
    drop(log::write_with(level, &call.joined("text"), &fields));
    Ok(Value::Null)
}
