//! What a script passed to a function, and what is wrong with it.

use henge_guest::{Code, Error, Value};

/// The arguments of a call. Those that are missing are null.
pub struct Args(Vec<Value>);

impl Args {
    pub(crate) fn new(args: Vec<Value>) -> Args {
        Args(args)
    }

    /// An argument of any kind. It can be taken once.
    pub fn value(&mut self, at: usize) -> Value {
        self.0.get_mut(at).map(std::mem::take).unwrap_or_default()
    }

    /// All of them.
    pub fn all(self) -> Vec<Value> {
        self.0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn text(&mut self, at: usize, what: &str) -> Result<String, Error> {
        match self.value(at) {
            Value::Text(text) => Ok(text),
            other => Err(unlike(what, "a text", &other)),
        }
    }

    /// A text or bytes.
    pub(crate) fn bytes(&mut self, at: usize, what: &str) -> Result<Vec<u8>, Error> {
        match self.value(at) {
            Value::Text(text) => Ok(text.into_bytes()),
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(unlike(what, "a text or bytes", &other)),
        }
    }

    /// A number, if there is one.
    pub(crate) fn number(&mut self, at: usize, what: &str) -> Result<Option<f64>, Error> {
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Int(n) => Ok(Some(n as f64)),
            Value::Float(n) => Ok(Some(n)),
            other => Err(unlike(what, "a number", &other)),
        }
    }

    pub(crate) fn int(&mut self, at: usize, what: &str) -> Result<i64, Error> {
        match self.value(at) {
            Value::Int(n) => Ok(n),
            Value::Float(_) => Err(wrong(format!(
                "{what} is a whole number, and not a floating-point number"
            ))),
            other => Err(unlike(what, "a whole number", &other)),
        }
    }

    /// A number of milliseconds, rows or the like, if there is one.
    pub(crate) fn amount(&mut self, at: usize, what: &str) -> Result<Option<u32>, Error> {
        let wanted = || wrong(format!("{what} is a whole number from 0 to {}", u32::MAX));
        match self.value(at) {
            Value::Null => Ok(None),
            Value::Int(n) => u32::try_from(n).map(Some).map_err(|_| wanted()),
            _ => Err(wanted()),
        }
    }

    /// A map, which is empty where it is missing.
    pub(crate) fn map(&mut self, at: usize, what: &str) -> Result<Vec<(String, Value)>, Error> {
        match self.value(at) {
            Value::Null => Ok(Vec::new()),
            Value::Map(map) => Ok(map),
            other => Err(wrong(format!("{what} are a map, and not {}", kind(&other)))),
        }
    }
}

/// What a script passed is not what the function takes.
pub fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

fn unlike(what: &str, wanted: &str, got: &Value) -> Error {
    wrong(format!("{what} is {wanted}, and not {}", kind(got)))
}

/// What people call such a value, whatever the language.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}
