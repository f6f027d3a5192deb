//! How far a job is.

use henge_guest::{job, Value};

use crate::function::Function;
use crate::wrong;

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
