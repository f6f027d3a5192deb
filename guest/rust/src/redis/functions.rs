//! The functions that engines give scripts, the same in every language: one for each of the common
//! commands, named after it, as in `redis_get`.

use super::command;
use crate::error::{Code, Error, Result};
use crate::value::Value;

/// What a script sees of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What Redis answers.
    Plain,
    /// True for OK and for a number that is not 0, false otherwise.
    Bool,
}
use Answer::{Bool, Plain};

/// A function of scripts.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The command, in small letters.
    pub command: &'static str,
    /// The fewest arguments that it takes.
    pub min: usize,
    /// The most arguments that it takes.
    pub max: usize,
    /// What becomes of the answer.
    pub answer: Answer,
}

const fn function(command: &'static str, min: usize, max: usize, answer: Answer) -> Function {
    Function {
        command,
        min,
        max,
        answer,
    }
}

/// All of them.
pub const FUNCTIONS: [Function; 45] = [
    function("get", 1, 1, Plain),
    function("mget", 1, 1, Plain),
    function("set", 2, 3, Bool),
    function("setnx", 2, 2, Bool),
    function("append", 2, 2, Plain),
    function("strlen", 1, 1, Plain),
    function("del", 1, 1, Plain),
    function("exists", 1, 1, Bool),
    function("type", 1, 1, Plain),
    function("incr", 1, 1, Plain),
    function("incrby", 2, 2, Plain),
    function("decr", 1, 1, Plain),
    function("decrby", 2, 2, Plain),
    function("expire", 2, 2, Bool),
    function("persist", 1, 1, Bool),
    function("ttl", 1, 1, Plain),
    function("hset", 2, 3, Plain),
    function("hget", 2, 2, Plain),
    function("hmget", 2, 2, Plain),
    function("hgetall", 1, 1, Plain),
    function("hdel", 2, 2, Plain),
    function("hexists", 2, 2, Bool),
    function("hkeys", 1, 1, Plain),
    function("hvals", 1, 1, Plain),
    function("hlen", 1, 1, Plain),
    function("hincrby", 3, 3, Plain),
    function("lpush", 2, 2, Plain),
    function("rpush", 2, 2, Plain),
    function("lpop", 1, 1, Plain),
    function("rpop", 1, 1, Plain),
    function("lrange", 3, 3, Plain),
    function("lindex", 2, 2, Plain),
    function("lrem", 3, 3, Plain),
    function("ltrim", 3, 3, Bool),
    function("llen", 1, 1, Plain),
    function("sadd", 2, 2, Plain),
    function("srem", 2, 2, Plain),
    function("smembers", 1, 1, Plain),
    function("sismember", 2, 2, Bool),
    function("scard", 1, 1, Plain),
    function("zadd", 3, 3, Plain),
    function("zrem", 2, 2, Plain),
    function("zscore", 2, 2, Plain),
    function("zcard", 1, 1, Plain),
    function("zrange", 3, 3, Plain),
];

impl Function {
    /// Carries out the command. A list among the arguments stands for its elements, a map for its
    /// keys and values.
    ///
    /// # Errors
    ///
    /// As [`command`].
    pub fn call(&self, args: impl IntoIterator<Item = Value>) -> Result<Value> {
        let mut words = vec![Value::from(self.command.to_ascii_uppercase())];
        words.extend(flat(args));
        // The one option that is common enough to have a place of its own.
        if self.command == "set" && words.len() == 4 {
            words.insert(3, "EX".into());
        }
        Ok(self.answer.of(command(&words)?))
    }
}

impl Answer {
    fn of(self, value: Value) -> Value {
        match (self, value) {
            (Bool, Value::Null | Value::Int(0)) => false.into(),
            (Bool, Value::Int(_)) => true.into(),
            (Bool, Value::Text(ok)) if ok == "OK" => true.into(),
            (_, value) => value,
        }
    }
}

/// The words of a command: a list as its elements, a map as its keys and values.
pub fn flat(args: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut words = Vec::new();
    for arg in args {
        match arg {
            Value::List(list) => words.extend(list),
            Value::Map(map) => words.extend(map.into_iter().flat_map(|(k, v)| [k.into(), v])),
            value => words.push(value),
        }
    }
    words
}

/// All keys of a pattern, at most so many. `KEYS` itself would hold up the server, and is refused.
///
/// # Errors
///
/// As [`command`], and `too_large` if there are more.
pub fn keys(pattern: &str, most: usize) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut cursor = Value::from("0");
    loop {
        let scan = ["SCAN".into(), cursor, "MATCH".into(), pattern.into()];
        let Value::List(mut step) = command(&scan)? else {
            return Err(odd_scan());
        };
        let (Some(Value::List(found)), Some(next)) = (step.pop(), step.pop()) else {
            return Err(odd_scan());
        };
        all.extend(found);
        if all.len() > most {
            let message = format!("there are more than {most} such keys: use SCAN");
            return Err(Error::new(Code::TooLarge, message));
        }
        if next == Value::Int(0) || next == Value::from("0") {
            return Ok(all);
        }
        cursor = next;
    }
}

fn odd_scan() -> Error {
    Error::new(Code::Internal, "SCAN answered something odd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_are_their_words() {
        let map = Value::Map(vec![("f".into(), 1.into())]);
        let list = Value::List(vec!["a".into(), "b".into()]);
        let want: Vec<Value> = vec!["k".into(), "f".into(), 1.into(), "a".into(), "b".into()];
        assert_eq!(flat(["k".into(), map, list]), want);
    }

    #[test]
    fn an_answer_is_true_or_false_where_it_is_one() {
        assert_eq!(Bool.of("OK".into()), true.into());
        assert_eq!(Bool.of(2.into()), true.into());
        assert_eq!(Bool.of(0.into()), false.into());
        assert_eq!(Bool.of(Value::Null), false.into());
        assert_eq!(Plain.of(0.into()), 0.into());
    }

    #[test]
    fn each_command_has_one_function() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|f| f.command).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FUNCTIONS.len());
        assert!(FUNCTIONS.iter().all(|f| f.min <= f.max));
    }
}
