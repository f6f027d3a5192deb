//! Redis: an action for each of the common commands, and `do` for all others.

use henge_guest::{redis, Code, Error, Value};

use super::{Entry, State};
use crate::call::{number, Answer, Call};
use crate::script;

macro_rules! commands {
    ($($name:literal: $takes:literal $run:ident),+ $(,)?) => {
        &[$(Entry { name: $name, takes: $takes, run: $run }),+]
    };
}

pub const ACTIONS: &[Entry] = commands! {
    "do": "word..." any,
    "pipeline": "commands" pipeline,
    "keys": "pattern" keys,
    "get": "key" plain,
    "mget": "key..." plain,
    "set": "key value [seconds]" set,
    "setnx": "key value" yes_or_no,
    "append": "key text" plain,
    "strlen": "key" plain,
    "del": "key..." plain,
    "exists": "key..." yes_or_no,
    "type": "key" plain,
    "incr": "key" plain,
    "incrby": "key n" plain,
    "decr": "key" plain,
    "decrby": "key n" plain,
    "expire": "key seconds" yes_or_no,
    "persist": "key" yes_or_no,
    "ttl": "key" plain,
    "hset": "key field value" plain,
    "hget": "key field" plain,
    "hmget": "key field..." plain,
    "hgetall": "key" plain,
    "hdel": "key field..." plain,
    "hexists": "key field" yes_or_no,
    "hkeys": "key" plain,
    "hvals": "key" plain,
    "hlen": "key" plain,
    "hincrby": "key field n" plain,
    "lpush": "key value..." plain,
    "rpush": "key value..." plain,
    "lpop": "key" plain,
    "rpop": "key" plain,
    "lrange": "key from to" plain,
    "lindex": "key n" plain,
    "lrem": "key count value" plain,
    "ltrim": "key from to" yes_or_no,
    "llen": "key" plain,
    "sadd": "key value..." plain,
    "srem": "key value..." plain,
    "smembers": "key" plain,
    "sismember": "key value" yes_or_no,
    "scard": "key" plain,
    "zadd": "key score value" plain,
    "zrem": "key value..." plain,
    "zscore": "key value" plain,
    "zcard": "key" plain,
    "zrange": "key from to" plain,
};

/// What Redis answers.
fn plain(_: &mut State, call: &Call) -> Answer {
    Ok(redis::command(&command(call))?)
}

fn any(_: &mut State, call: &Call) -> Answer {
    Ok(redis::command(&call.words())?)
}

/// Carries out commands, one a line, in one crossing. What went wrong with one is in its place.
fn pipeline(_: &mut State, call: &Call) -> Answer {
    let mut all = Vec::new();
    for line in call.text("commands").lines() {
        let words = script::words(line).map_err(|mistake| call.wrong(mistake.message))?;
        if !words.is_empty() {
            all.push(words.iter().map(number).collect());
        }
    }
    let result = |r| match r {
        Ok(value) => value,
        Err(error) => refusal(error),
    };
    Ok(Value::List(
        redis::pipeline(&all)?.into_iter().map(result).collect(),
    ))
}

fn refusal(error: Error) -> Value {
    Value::Map(vec![
        ("code".into(), error.code.name().into()),
        ("message".into(), error.message.into()),
    ])
}

/// `true` for OK and for a number that is not 0, `false` otherwise.
fn yes_or_no(state: &mut State, call: &Call) -> Answer {
    plain(state, call).map(said)
}

fn said(answer: Value) -> Value {
    match answer {
        Value::Null | Value::Int(0) => false.into(),
        Value::Int(_) => true.into(),
        Value::Text(ok) if ok == "OK" => true.into(),
        other => other,
    }
}

fn set(_: &mut State, call: &Call) -> Answer {
    let mut words = command(call);
    if words.len() == 4 {
        words.insert(3, "EX".into());
    }
    Ok(said(redis::command(&words)?))
}

fn command(call: &Call) -> Vec<Value> {
    let mut words = vec![call.action.name.to_ascii_uppercase().into()];
    words.extend(call.words());
    words
}

/// The most keys that one answer has.
const MAX_KEYS: usize = 10_000;

/// All keys of a pattern. `KEYS` itself would hold up the server, and is refused.
fn keys(_: &mut State, call: &Call) -> Answer {
    let odd = || Error::new(Code::Internal, "SCAN answered something odd");
    let mut all = Vec::new();
    let mut cursor = Value::from("0");
    loop {
        let scan = [
            "SCAN".into(),
            cursor,
            "MATCH".into(),
            call.text("pattern").into(),
        ];
        let Value::List(mut step) = redis::command(&scan)? else {
            return Err(odd().into());
        };
        let (Some(Value::List(found)), Some(next)) = (step.pop(), step.pop()) else {
            return Err(odd().into());
        };
        all.extend(found);
        if all.len() > MAX_KEYS {
            let message = format!("there are more than {MAX_KEYS} such keys: use !!redis.do SCAN");
            return Err(Error::new(Code::TooLarge, message).into());
        }
        if next == Value::Int(0) || next == Value::from("0") {
            return Ok(Value::List(all));
        }
        cursor = next;
    }
}
