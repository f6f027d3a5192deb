//! The job itself: how far it is, whose it is, and whether it has a result.

use std::cell::Cell;

use henge_guest::job::{self, Identity};
use henge_guest::Value;

use crate::function::Function;
use crate::wrong;

thread_local! {
    /// Whether the script has written its result itself.
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
}

/// Says that the script has called `output`, whatever came of it.
pub fn set_written() {
    WRITTEN.set(true);
}

/// Whether the script has called `output`, so that what it ends with is not its result.
pub fn has_written() -> bool {
    WRITTEN.get()
}

/// The names by which a script knows whose job it is. It may have variables of these names.
pub fn names(id: Identity<'_>) -> [(&'static str, &str); 2] {
    [("CONTEXT_ID", id.circle), ("CALLER_ID", id.caller)]
}

pub(crate) fn add(all: &mut Vec<Function>) {
    all.push(Function::new("progress", 1..=3, |mut args| {
        let Some(done) = args.number(0, "what is done")? else {
            return Err(wrong("what is done is a number, and not nothing"));
        };
        let total = args.number(1, "the total")?;
        let text = match args.count() {
            3 => Some(args.text(2, "the text")?),
            _ => None,
        };
        job::progress(done, total, text.as_deref())?;
        Ok(Value::Null)
    }));
}
