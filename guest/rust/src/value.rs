//! Values whose kind is not known before: arguments of SQL, replies of Redis, cells of a row.

use crate::cbor::{Kind, Reader, Writer};
use crate::error::{Code, Error, Result};

/// A value of the contract.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing: NULL of SQL, nil of Redis.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes that are no text.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map. The host sends its keys in order.
    Map(Vec<(String, Value)>),
}

/// The nesting that the contract allows.
const MAX_DEPTH: usize = 64;

impl Value {
    /// Appends the value to a request.
    pub fn write(&self, to: &mut Writer) {
        match self {
            Value::Null => drop(to.null()),
            Value::Bool(b) => drop(to.bool(*b)),
            Value::Int(n) => drop(to.int(*n)),
            Value::Float(n) => drop(to.float(*n)),
            Value::Text(text) => drop(to.text(text)),
            Value::Bytes(bytes) => drop(to.bytes(bytes)),
            Value::List(list) => {
                to.array(list.len());
                list.iter().for_each(|v| v.write(to));
            }
            Value::Map(map) => {
                to.map(map.len());
                for (key, value) in map {
                    to.text(key);
                    value.write(to);
                }
            }
        }
    }

    /// Reads the next value of a reply.
    ///
    /// # Errors
    ///
    /// `type_error` for what no value is, such as a tag, and `invalid_argument` for malformed CBOR
    /// and for more than 64 levels of nesting.
    pub fn read(from: &mut Reader) -> Result<Value> {
        Value::read_at(from, 0)
    }

    fn read_at(from: &mut Reader, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            let message = format!("a value has more than {MAX_DEPTH} levels");
            return Err(Error::new(Code::InvalidArgument, message));
        }
        Ok(match from.peek() {
            Some(Kind::Null) => {
                from.null();
                Value::Null
            }
            Some(Kind::Bool) => Value::Bool(from.bool()?),
            Some(Kind::Int) => Value::Int(from.int()?),
            Some(Kind::Float) => Value::Float(from.float()?),
            Some(Kind::Text) => Value::Text(from.text()?.to_owned()),
            Some(Kind::Bytes) => Value::Bytes(from.bytes()?.to_owned()),
            Some(Kind::Array) => {
                // The count is what the input claims, so nothing is allocated by it.
                let mut list = Vec::new();
                for _ in 0..from.array()? {
                    list.push(Value::read_at(from, depth + 1)?);
                }
                Value::List(list)
            }
            Some(Kind::Map) => {
                let mut map = Vec::new();
                for _ in 0..from.map()? {
                    let key = from.text()?.to_owned();
                    map.push((key, Value::read_at(from, depth + 1)?));
                }
                Value::Map(map)
            }
            None if from.is_empty() => {
                return Err(Error::new(Code::InvalidArgument, "a value is missing"))
            }
            None => return Err(Error::new(Code::TypeError, "CBOR: a value is expected")),
        })
    }
}

macro_rules! from {
    ($($from:ty => $kind:ident),+ $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Value {
                Value::$kind(value.into())
            }
        })+
    };
}
from! {
    bool => Bool, i64 => Int, i32 => Int, u32 => Int, f64 => Float, &str => Text, String => Text,
    &[u8] => Bytes, Vec<u8> => Bytes, Vec<Value> => List, Vec<(String, Value)> => Map,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_is_written() {
        let value = Value::List(vec![
            Value::Null,
            true.into(),
            i64::MIN.into(),
            i64::MAX.into(),
            0.1.into(),
            "café".into(),
            vec![0u8, 255].into(),
            Value::Map(vec![
                ("a".into(), Value::List(vec![])),
                ("b".into(), Some(1).into()),
            ]),
        ]);
        let mut w = Writer::new();
        value.write(&mut w);
        let mut r = Reader::new(w.as_bytes());
        assert_eq!(Value::read(&mut r), Ok(value));
        assert!(r.is_empty());
    }

    #[test]
    fn what_is_no_value_is_an_error() {
        let code = |cbor: &[u8]| Value::read(&mut Reader::new(cbor)).unwrap_err().code;
        assert_eq!(code(&[0xc1, 0x00]), Code::TypeError);
        assert_eq!(code(&[]), Code::InvalidArgument);
        assert_eq!(
            code(&[0x9b, 0xff, 0, 0, 0, 0, 0, 0, 0]),
            Code::InvalidArgument
        );
        assert_eq!(code(&[0x81; 1000]), Code::InvalidArgument);
    }
}
