//! Values of scripts as values of the contract, and back.

use henge_guest::Value;
use rhai::{Array, Blob, Dynamic, EvalAltResult, ImmutableString, Map, FLOAT, INT};

use super::wrong;

/// The nesting that the contract allows. A script can also make a list that has itself inside.
const MAX_DEPTH: usize = 64;

/// What a script passed, for the host: `()` is null, a character is a text.
pub fn to_host(value: &Dynamic) -> Result<Value, Box<EvalAltResult>> {
    at_depth(value, 0)
}

fn at_depth(value: &Dynamic, depth: usize) -> Result<Value, Box<EvalAltResult>> {
    if depth > MAX_DEPTH {
        return Err(wrong(format!("a value has more than {MAX_DEPTH} levels")));
    }
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(b) = value.as_bool() {
        return Ok(b.into());
    }
    if let Ok(n) = value.as_int() {
        return Ok(n.into());
    }
    if let Ok(n) = value.as_float() {
        return Ok(n.into());
    }
    if let Ok(c) = value.as_char() {
        return Ok(c.to_string().into());
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_str().into());
    }
    if let Some(bytes) = value.read_lock::<Blob>() {
        return Ok(bytes.as_slice().into());
    }
    if let Some(list) = value.read_lock::<Array>() {
        let list = list.iter().map(|v| at_depth(v, depth + 1));
        return Ok(Value::List(list.collect::<Result<_, _>>()?));
    }
    if let Some(map) = value.read_lock::<Map>() {
        let pairs = map
            .iter()
            .map(|(k, v)| Ok((k.to_string(), at_depth(v, depth + 1)?)));
        return Ok(Value::Map(
            pairs.collect::<Result<_, Box<EvalAltResult>>>()?,
        ));
    }
    Err(wrong(format!(
        "a value of type {} cannot leave the script",
        value.type_name()
    )))
}

/// What the host answered, for a script.
pub fn to_script(value: Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => b.into(),
        Value::Int(n) => Dynamic::from_int(n as INT),
        Value::Float(n) => Dynamic::from_float(n as FLOAT),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => Dynamic::from_blob(bytes),
        Value::List(list) => Dynamic::from_array(list.into_iter().map(to_script).collect()),
        Value::Map(map) => to_map(map).into(),
    }
}

/// Names and values as a map; of several with the same name the last counts.
pub fn to_map(pairs: impl IntoIterator<Item = (String, Value)>) -> Map {
    let pair = |(name, value): (String, Value)| (name.into(), to_script(value));
    pairs.into_iter().map(pair).collect()
}

/// Bytes for a script: a text where they are one.
pub fn from_bytes(bytes: Vec<u8>) -> Dynamic {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(e) => Dynamic::from_blob(e.into_bytes()),
    }
}

/// A text or a blob as plain bytes.
pub fn to_bytes(what: &str, value: &Dynamic) -> Result<Vec<u8>, Box<EvalAltResult>> {
    match to_host(value)? {
        Value::Text(text) => Ok(text.into_bytes()),
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(wrong(format!(
            "{what} is a text or a blob, and not of type {}",
            value.type_name()
        ))),
    }
}

/// A number of milliseconds, rows or the like.
pub fn to_count(what: &str, value: INT) -> Result<u32, Box<EvalAltResult>> {
    u32::try_from(value).map_err(|_| wrong(format!("{what} is a number from 0 to {}", u32::MAX)))
}
