//! The job itself: its result, its log, how far it is.

use std::cell::Cell;
use std::rc::Rc;

use henge_guest::log::{self, Level};
use henge_guest::{job, Value};
use rhai::{Dynamic, Engine, EvalAltResult, Map};

use super::value::to_host;
use super::{thrown, wrong, Returned};
use crate::engine;

pub fn register(engine: &mut Engine, written: Rc<Cell<bool>>) {
    engine.register_fn("output", move |value: Dynamic| output(&value, &written));
    engine.register_fn("progress", |done: Dynamic| progress(done, None, None));
    engine.register_fn("progress", |done: Dynamic, total: Dynamic| {
        progress(done, Some(total), None)
    });
    engine.register_fn("progress", |done: Dynamic, total: Dynamic, text: &str| {
        progress(done, Some(total), Some(text))
    });
    for (name, level) in [
        ("log_debug", Level::Debug),
        ("log_info", Level::Info),
        ("log_warn", Level::Warn),
        ("log_error", Level::Error),
    ] {
        engine.register_fn(name, move |text: Dynamic| line(level, &text, &Map::new()));
        engine.register_fn(name, move |text: Dynamic, fields: Map| {
            line(level, &text, &fields)
        });
    }
}

/// Adds to the result: bytes as they are, anything else as it is displayed.
fn output(value: &Dynamic, written: &Cell<bool>) -> Returned {
    written.set(true);
    match to_host(value) {
        Ok(Value::Bytes(bytes)) => job::output(&bytes),
        _ => job::output(engine::text(value).as_bytes()),
    }
    .map_err(thrown)?;
    Ok(Dynamic::UNIT)
}

fn progress(done: Dynamic, total: Option<Dynamic>, text: Option<&str>) -> Returned {
    let number = |v: Dynamic| {
        v.as_float()
            .or_else(|_| v.as_int().map(|n| n as f64))
            .map_err(|kind| wrong(format!("progress takes numbers, and not {kind}")))
    };
    job::progress(number(done)?, total.map(number).transpose()?, text).map_err(thrown)?;
    Ok(Dynamic::UNIT)
}

/// Writes a line. One that cannot be written is no reason for a script to fail.
fn line(level: Level, text: &Dynamic, fields: &Map) -> Result<(), Box<EvalAltResult>> {
    let values: Vec<_> = fields
        .iter()
        .map(|(name, value)| Ok((name.as_str(), to_host(value)?)))
        .collect::<Result<_, Box<EvalAltResult>>>()?;
    drop(log::write_with(level, &engine::text(text), &values));
    Ok(())
}
