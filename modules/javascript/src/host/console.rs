//! `console`, which writes to the job's log.

use henge_guest::log::{self, Level};
use rquickjs::function::Rest;
use rquickjs::object::Property;
use rquickjs::{Ctx, Function, Object, Value};

use super::function::put;
use crate::text;

pub fn define<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<()> {
    let console = Object::new(ctx.clone())?;
    for (name, level) in [
        ("debug", Level::Debug),
        ("error", Level::Error),
        ("info", Level::Info),
        ("log", Level::Info),
        ("warn", Level::Warn),
    ] {
        let write = move |ctx: Ctx<'js>, values: Rest<Value<'js>>| {
            let shown: Vec<_> = values.0.iter().map(|v| text::shown(&ctx, v)).collect();
            // A line that cannot be written is no reason for a script to fail.
            drop(log::write(level, &shown.join(" ")));
        };
        put(&console, name, Function::new(ctx.clone(), write)?)?;
    }
    let console = Property::from(console).configurable().writable();
    ctx.globals().prop("console", console)
}
