//! The job itself: its result and its log.

use henge_guest::log::Level;
use henge_guest::{job, Value};
use henge_rustengine::{line, set_written, LINES};
use rquickjs::function::Opt;
use rquickjs::{Ctx, Function};

use super::function::{self, thrown};
use super::value::to_host;
use crate::text;

pub fn define<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    function::put(&globals, "output", Function::new(ctx.clone(), output)?)?;
    for (name, level) in LINES {
        let write = move |ctx: Ctx<'js>, text: Optional<'js>, fields: Optional<'js>| {
            write(&ctx, level, &given(&ctx, text), fields.0.as_ref())
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
    set_written();
    job::output(&text::result(&ctx, &given(&ctx, value))?).map_err(|e| thrown(&ctx, e))
}

/// Writes a line.
fn write<'js>(
    ctx: &Ctx<'js>,
    level: Level,
    text: &rquickjs::Value<'js>,
    fields: Option<&rquickjs::Value<'js>>,
) -> rquickjs::Result<()> {
    let fields = match fields {
        Some(fields) => to_host(fields).map_err(|e| e.thrown(ctx))?,
        None => Value::Null,
    };
    line(level, &text::shown(ctx, text), fields).map_err(|e| thrown(ctx, e))
}
