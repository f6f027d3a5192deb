//! Redis: a function for each of the common commands, and `redis` for all others.

use henge_guest::redis::functions::{self, FUNCTIONS};
use henge_guest::{redis, Value};
use rquickjs::Ctx;

use super::function::{define as function, wrong, Returned};
use super::value::refusal;

/// The most keys that `redis_keys` gives.
const MAX_KEYS: usize = 10_000;

pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    for f in FUNCTIONS {
        let name = format!("redis_{}", f.command);
        function(&globals, &name, f.min..=f.max, move |args| {
            f.call(args.all())
        })?;
    }
    function(&globals, "redis", 1..=usize::MAX, |args| {
        redis::command(&functions::flat(args.all()))
    })?;
    function(&globals, "redis_keys", 1..=1, |mut args| {
        let pattern = args.text(0, "a pattern")?;
        functions::keys(&pattern, MAX_KEYS).map(Value::List)
    })?;
    function(&globals, "redis_pipeline", 1..=1, |mut args| {
        match args.value(0) {
            Value::List(commands) => pipeline(commands),
            _ => Err(wrong("redis_pipeline takes an array of arrays")),
        }
    })
}

/// Carries out commands in one crossing. What went wrong with one is in its place.
fn pipeline(commands: Vec<Value>) -> Returned {
    let words = |command| match command {
        Value::List(words) => Ok(words),
        _ => Err(wrong("redis_pipeline takes an array of arrays")),
    };
    let commands = commands
        .into_iter()
        .map(words)
        .collect::<Result<Vec<_>, _>>()?;
    let results = redis::pipeline(&commands)?.into_iter();
    let results = results.map(|r| r.unwrap_or_else(refusal));
    Ok(Value::List(results.collect()))
}
