//! The job itself: its result, its log, how far it is.

use std::cell::Cell;

use henge_guest::log::{self, Level};
use henge_guest::{job, Value};
use rquickjs::function::Opt;
use rquickjs::{Ctx, Function};

use super::function::{self, thrown};
use super::value::to_host;
use crate::text;

thread_local! {
    /// Whether the script has written its result itself.
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the script has called `output`.
pub fn has_written() -> bool {
    WRITTEN.get()
}

pub fn define<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    function::put(&globals, "output", Function::new(ctx.clone(), output)?)?;
    function::define(&globals, "progress", 1..=3, |mut args| {
        let done = args.number(0, "what is done")?;
        let total = match args.value(1) {
            Value::Null => None,
            Value::Int(n) => Some(n as f64),
            Value::Float(n) => Some(n),
            other => {
                let message = format!("the total is a number, and not {}", function::kind(&other));
                return Err(function::wrong(message));
            }
        };
        let text = match args.len() {
            3 => Some(args.text(2, "the text")?),
            _ => None,
        };
        job::progress(done, total, text.as_deref())?;
        Ok(Value::Null)
    })?;
    for (name, level) in [
        ("log_debug", Level::Debug),
        ("log_info", Level::Info),
        ("log_warn", Level::Warn),
        ("log_error", Level::Error),
    ] {
        let write = move |ctx: Ctx<'js>, text: Optional<'js>, fields: Optional<'js>| {
            line(&ctx, level, &given(&ctx, text), fields.0.as_ref())
        };
        function::put(&globals, name, Function::new(ctx.clone(), write)?)?;
    }
    Ok(())
}

type Optional<'js> = Opt<rquickjs::Value<'js>>;

fn given<'js>(ctx: &Ctx<'js>, value: Optional<'js>) -> rquickjs::Value<'js> {
    let missing = || rquickjs::Value::new_undefined(ctx.clone());
    value.0.unwrap_or_else(missing)
}

/// Adds to the result, in the same way as the value that a script ends with.
fn output<'js>(ctx: Ctx<'js>, value: Optional<'js>) -> rquickjs::Result<()> {
    WRITTEN.set(true);
    job::output(&text::result(&ctx, &given(&ctx, value))?).map_err(|e| thrown(&ctx, e))
}

/// Writes a line. One that cannot be written is no reason for a script to fail.
fn line<'js>(
    ctx: &Ctx<'js>,
    level: Level,
    text: &rquickjs::Value<'js>,
    fields: Option<&rquickjs::Value<'js>>,
) -> rquickjs::Result<()> {
    let fields = match fields.map(to_host).transpose().map_err(|e| e.thrown(ctx))? {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Map(fields)) => fields,
        Some(other) => {
            let message = format!("fields are an object, and not {}", function::kind(&other));
            return Err(thrown(ctx, function::wrong(message)));
        }
    };
    let fields: Vec<_> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.clone()))
        .collect();
    drop(log::write_with(level, &text::shown(ctx, text), &fields));
    Ok(())
}
