//! Redis: a function for each of the common commands, and `redis` for all others.

use henge_guest::redis::functions::{self, FUNCTIONS};
use henge_guest::{redis, Error, Value};

use crate::function::{Function, Returned};
use crate::wrong;

/// The most keys that `redis_keys` gives.
const MAX_KEYS: usize = 10_000;

pub(crate) fn add(all: &mut Vec<Function>) {
    for f in FUNCTIONS {
        let name = format!("redis_{}", f.command);
        all.push(Function::new(name, f.min..=f.max, move |args| {
            f.call(args.all())
        }));
    }
    all.push(Function::new("redis", 1..=usize::MAX, |args| {
        redis::command(&functions::flat(args.all()))
    }));
    all.push(Function::new("redis_keys", 1..=1, |mut args| {
        functions::keys(&args.text(0, "a pattern")?, MAX_KEYS).map(Value::List)
    }));
    all.push(Function::new(
        "redis_pipeline",
        1..=1,
        |mut args| match args.value(0) {
            Value::List(commands) => pipeline(commands),
            _ => Err(no_lists()),
        },
    ));
}

/// Carries out commands in one crossing. What went wrong with one is in its place.
fn pipeline(commands: Vec<Value>) -> Returned {
    let words = |command| match command {
        Value::List(words) => Ok(words),
        _ => Err(no_lists()),
    };
    let commands: Vec<_> = commands.into_iter().map(words).collect::<Result<_, _>>()?;
    let results = redis::pipeline(&commands)?.into_iter();
    let results = results.map(|r| r.unwrap_or_else(refusal));
    Ok(Value::List(results.collect()))
}

fn no_lists() -> Error {
    wrong("redis_pipeline takes a list of lists")
}

/// An error that is not thrown but stands in the place of an answer.
fn refusal(error: Error) -> Value {
    Value::Map(vec![
        ("code".into(), error.code.name().into()),
        ("message".into(), error.message.into()),
    ])
}
