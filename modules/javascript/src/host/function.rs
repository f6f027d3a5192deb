//! Functions that take and give values of the contract, and so know nothing of JavaScript.

use std::ops::RangeInclusive;

use henge_guest::{Code, Error, Value};
use rquickjs::function::Rest;
use rquickjs::object::Property;
use rquickjs::{Ctx, Exception, Function, Object};

use super::value::{to_host, to_script};

/// What every function returns.
pub type Returned = Result<Value, Error>;

/// What a script passed, without the `undefined` at the end of it. Those that are missing are null.
pub struct Args(Vec<Value>);

impl Args {
    /// An argument of any kind.
    pub fn value(&mut self, at: usize) -> Value {
        self.0.get_mut(at).map(std::mem::take).unwrap_or_default()
    }

    /// All of them.
    pub fn all(self) -> Vec<Value> {
        self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn text(&mut self, at: usize, what: &str) -> Result<String, Error> {
        match self.value(at) {
            Value::Text(text) => Ok(text),
            other => Err(wrong(format!("{what} is a text, and not {}", kind(&other)))),
        }
    }

    /// A text or bytes.
    pub fn bytes(&mut self, at: usize, what: &str) -> Result<Vec<u8>, Error> {
        match self.value(at) {
            Value::Text(text) => Ok(text.into_bytes()),
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(wrong(format!(
                "{what} is a text or bytes, and not {}",
                kind(&other)
            ))),
        }
    }

    pub fn number(&mut self, at: usize, what: &str) -> Result<f64, Error> {
        match self.value(at) {
            Value::Int(n) => Ok(n as f64),
            Value::Float(n) => Ok(n),
            other => Err(wrong(format!(
                "{what} is a number, and not {}",
                kind(&other)
            ))),
        }
    }

    pub fn int(&mut self, at: usize, what: &str) -> Result<i64, Error> {
        match self.value(at) {
            Value::Int(n) => Ok(n),
            Value::Float(_) => Err(wrong(format!(
                "{what} is a whole number, and beyond 2^53 a BigInt"
            ))),
            other => Err(wrong(format!(
                "{what} is a whole number, and not {}",
                kind(&other)
            ))),
        }
    }

    /// A number of milliseconds, rows or the like, if there is one.
    pub fn count(&mut self, at: usize, what: &str) -> Result<Option<u32>, Error> {
        let value = self.value(at);
        match &value {
            Value::Null => return Ok(None),
            Value::Int(n) => {
                if let Ok(n) = u32::try_from(*n) {
                    return Ok(Some(n));
                }
            }
            _ => {}
        }
        Err(wrong(format!("{what} is a number from 0 to {}", u32::MAX)))
    }

    /// A map, which is empty where it is missing.
    pub fn map(&mut self, at: usize, what: &str) -> Result<Vec<(String, Value)>, Error> {
        match self.value(at) {
            Value::Null => Ok(Vec::new()),
            Value::Map(map) => Ok(map),
            other => Err(wrong(format!(
                "{what} are an object, and not {}",
                kind(&other)
            ))),
        }
    }
}

/// What a script passed is not what the function takes.
pub fn wrong(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

/// What JavaScript calls such a value.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "an array",
        Value::Map(_) => "an object",
    }
}

/// Defines a function that takes so many arguments.
pub fn define<'js>(
    of: &Object<'js>,
    name: &str,
    takes: RangeInclusive<usize>,
    body: impl Fn(Args) -> Returned + 'static,
) -> rquickjs::Result<()> {
    let own_name = name.to_owned();
    let length = *takes.start();
    let function = move |ctx: Ctx<'js>, args: Rest<rquickjs::Value<'js>>| {
        let args = taken(&own_name, &takes, &args.0).map_err(|e| e.thrown(&ctx))?;
        let value = body(args).map_err(|e| thrown(&ctx, e))?;
        to_script(&ctx, value)
    };
    let function = Function::new(of.ctx().clone(), function)?;
    put(of, name, function.with_length(length)?)
}

/// Puts a function into a place where a script can have another of its name.
pub fn put<'js>(of: &Object<'js>, name: &str, function: Function<'js>) -> rquickjs::Result<()> {
    let function = function.with_name(name)?;
    of.prop(name, Property::from(function).configurable().writable())
}

/// Why arguments cannot be passed on.
pub enum Refused {
    /// They are not what the function takes.
    Wrong(Error),
    /// A getter of the script threw an exception, which is still there.
    Script(rquickjs::Error),
}

impl Refused {
    pub fn thrown(self, ctx: &Ctx) -> rquickjs::Error {
        match self {
            Refused::Wrong(error) => thrown(ctx, error),
            Refused::Script(error) => error,
        }
    }
}

fn taken(
    name: &str,
    takes: &RangeInclusive<usize>,
    args: &[rquickjs::Value],
) -> Result<Args, Refused> {
    let given = args.iter().rposition(|arg| !arg.is_undefined());
    let args = &args[..given.map_or(0, |last| last + 1)];
    if !takes.contains(&args.len()) {
        let most = *takes.end();
        let count = match *takes.start() {
            _ if most == usize::MAX => format!("at least {}", takes.start()),
            least if least == most => least.to_string(),
            least => format!("{least} to {most}"),
        };
        let message = format!("{name} takes {count} arguments, and not {}", args.len());
        return Err(Refused::Wrong(wrong(message)));
    }
    args.iter().map(to_host).collect::<Result<_, _>>().map(Args)
}

/// A refusal of the host as an exception.
pub fn thrown(ctx: &Ctx, error: Error) -> rquickjs::Error {
    match exception(ctx, error) {
        Ok(exception) => exception.throw(),
        Err(failed) => failed,
    }
}

fn exception<'js>(ctx: &Ctx<'js>, error: Error) -> rquickjs::Result<Exception<'js>> {
    let exception = Exception::from_message(ctx.clone(), &error.message)?;
    let name = Property::from("HostError").configurable().writable();
    exception.prop("name", name)?;
    let code = Property::from(error.code.name()).configurable().writable();
    exception.prop("code", code.enumerable())?;
    Ok(exception)
}
