//! Redis: a function for each of the common commands, and `redis` for all others.

use std::any::TypeId;

use henge_guest::redis::functions::{self, FUNCTIONS};
use henge_guest::{redis, Value};
use rhai::{Array, Dynamic, Engine, EvalAltResult};

use super::value::{to_host, to_script};
use super::{refusal, thrown, wrong, Returned};
use crate::engine::MAX_ARRAY;

/// The most words that `redis` takes other than in an array.
const MAX_WORDS: usize = 12;

pub fn register(engine: &mut Engine) {
    for function in FUNCTIONS {
        for count in function.min..=function.max {
            let name = format!("redis_{}", function.command);
            variadic(engine, &name, count, move |args| {
                let answer = function.call(to_values(args)?).map_err(thrown)?;
                Ok(to_script(answer))
            });
        }
    }
    for count in 1..=MAX_WORDS {
        variadic(engine, "redis", count, |args| {
            let words = functions::flat(to_values(args)?);
            redis::command(&words).map(to_script).map_err(thrown)
        });
    }
    engine.register_fn("redis_keys", keys);
    engine.register_fn("redis_pipeline", pipeline);
}

/// All keys of a pattern.
fn keys(pattern: &str) -> Returned {
    let all = functions::keys(pattern, MAX_ARRAY).map_err(thrown)?;
    Ok(Dynamic::from_array(
        all.into_iter().map(to_script).collect(),
    ))
}

fn to_values(args: &[&mut Dynamic]) -> Result<Vec<Value>, Box<EvalAltResult>> {
    args.iter().map(|arg| to_host(arg)).collect()
}

/// Registers a function of `count` arguments of any type.
fn variadic(
    engine: &mut Engine,
    name: &str,
    count: usize,
    body: impl Fn(&mut [&mut Dynamic]) -> Returned + 'static,
) {
    let any = vec![TypeId::of::<Dynamic>(); count];
    engine.register_raw_fn(name, any, move |_, args| body(args));
}

/// Carries out commands in one crossing. What went wrong with one is in its place.
fn pipeline(commands: Array) -> Returned {
    let mut all = Vec::with_capacity(commands.len());
    for command in &commands {
        match to_host(command)? {
            Value::List(words) => all.push(words),
            _ => return Err(wrong("redis_pipeline takes an array of arrays")),
        }
    }
    let results = redis::pipeline(&all).map_err(thrown)?;
    let result = |r| match r {
        Ok(value) => to_script(value),
        Err(error) => refusal(error).into(),
    };
    Ok(Dynamic::from_array(
        results.into_iter().map(result).collect(),
    ))
}
