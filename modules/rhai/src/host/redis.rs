//! Redis: a function for each of the common commands, and `redis` for all others.

use std::any::TypeId;

use henge_guest::{redis, Code, Error, Value};
use rhai::{Array, Dynamic, Engine, EvalAltResult};

use super::value::{to_host, to_script};
use super::{refusal, thrown, wrong, Returned};
use crate::engine::MAX_ARRAY;

/// What a script sees of an answer.
#[derive(Clone, Copy)]
enum Answer {
    /// What Redis answers.
    Plain,
    /// `true` for OK and for a number that is not 0, `false` otherwise.
    Bool,
}
use Answer::{Bool, Plain};

/// The command, how many arguments the function takes at least and at most, and its answer. The
/// function is named after the command.
const COMMANDS: [(&str, usize, usize, Answer); 45] = [
    ("get", 1, 1, Plain),
    ("mget", 1, 1, Plain),
    ("set", 2, 3, Bool),
    ("setnx", 2, 2, Bool),
    ("append", 2, 2, Plain),
    ("strlen", 1, 1, Plain),
    ("del", 1, 1, Plain),
    ("exists", 1, 1, Bool),
    ("type", 1, 1, Plain),
    ("incr", 1, 1, Plain),
    ("incrby", 2, 2, Plain),
    ("decr", 1, 1, Plain),
    ("decrby", 2, 2, Plain),
    ("expire", 2, 2, Bool),
    ("persist", 1, 1, Bool),
    ("ttl", 1, 1, Plain),
    ("hset", 2, 3, Plain),
    ("hget", 2, 2, Plain),
    ("hmget", 2, 2, Plain),
    ("hgetall", 1, 1, Plain),
    ("hdel", 2, 2, Plain),
    ("hexists", 2, 2, Bool),
    ("hkeys", 1, 1, Plain),
    ("hvals", 1, 1, Plain),
    ("hlen", 1, 1, Plain),
    ("hincrby", 3, 3, Plain),
    ("lpush", 2, 2, Plain),
    ("rpush", 2, 2, Plain),
    ("lpop", 1, 1, Plain),
    ("rpop", 1, 1, Plain),
    ("lrange", 3, 3, Plain),
    ("lindex", 2, 2, Plain),
    ("lrem", 3, 3, Plain),
    ("ltrim", 3, 3, Bool),
    ("llen", 1, 1, Plain),
    ("sadd", 2, 2, Plain),
    ("srem", 2, 2, Plain),
    ("smembers", 1, 1, Plain),
    ("sismember", 2, 2, Bool),
    ("scard", 1, 1, Plain),
    ("zadd", 3, 3, Plain),
    ("zrem", 2, 2, Plain),
    ("zscore", 2, 2, Plain),
    ("zcard", 1, 1, Plain),
    ("zrange", 3, 3, Plain),
];

/// The most words that `redis` takes other than in an array.
const MAX_WORDS: usize = 12;

pub fn register(engine: &mut Engine) {
    for (command, min, max, answer) in COMMANDS {
        for count in min..=max {
            variadic(engine, &format!("redis_{command}"), count, move |args| {
                let mut words = vec![Value::from(command.to_ascii_uppercase())];
                for arg in args {
                    flatten(arg, &mut words)?;
                }
                // The one option that is common enough to have a place of its own.
                if command == "set" && count == 3 {
                    words.insert(3, "EX".into());
                }
                Ok(answer.of(redis::command(&words).map_err(thrown)?))
            });
        }
    }
    for count in 1..=MAX_WORDS {
        variadic(engine, "redis", count, |args| {
            let mut words = Vec::new();
            for arg in args {
                flatten(arg, &mut words)?;
            }
            redis::command(&words).map(to_script).map_err(thrown)
        });
    }
    engine.register_fn("redis_keys", keys);
    engine.register_fn("redis_pipeline", pipeline);
}

/// All keys of a pattern. `KEYS` itself would hold up the server, and is refused.
fn keys(pattern: &str) -> Returned {
    let mut all = Array::new();
    let mut cursor = Value::from("0");
    loop {
        let scan = ["SCAN".into(), cursor, "MATCH".into(), pattern.into()];
        let Value::List(mut step) = redis::command(&scan).map_err(thrown)? else {
            return Err(odd_scan());
        };
        let (Some(Value::List(found)), Some(next)) = (step.pop(), step.pop()) else {
            return Err(odd_scan());
        };
        all.extend(found.into_iter().map(to_script));
        if all.len() > MAX_ARRAY {
            let message = format!("there are more than {MAX_ARRAY} such keys: use SCAN");
            return Err(thrown(Error::new(Code::TooLarge, message)));
        }
        if next == Value::Int(0) || next == Value::from("0") {
            return Ok(Dynamic::from_array(all));
        }
        cursor = next;
    }
}

fn odd_scan() -> Box<EvalAltResult> {
    thrown(Error::new(Code::Internal, "SCAN answered something odd"))
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

/// Adds an argument to a command: an array as its elements, a map as its names and values.
fn flatten(arg: &Dynamic, words: &mut Vec<Value>) -> Result<(), Box<EvalAltResult>> {
    match to_host(arg)? {
        Value::List(list) => words.extend(list),
        Value::Map(map) => words.extend(map.into_iter().flat_map(|(k, v)| [k.into(), v])),
        value => words.push(value),
    }
    Ok(())
}

impl Answer {
    fn of(self, value: Value) -> Dynamic {
        match (self, value) {
            (Bool, Value::Null | Value::Int(0)) => false.into(),
            (Bool, Value::Int(_)) => true.into(),
            (Bool, Value::Text(ok)) if ok == "OK" => true.into(),
            (_, value) => to_script(value),
        }
    }
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
