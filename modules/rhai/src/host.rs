//! The host's functions as a script calls them. README.md has the list.
//!
//! An error of the host is an exception that can be caught, a map with `code` and `message`.

mod data;
mod http;
mod job;
mod queue;
mod random;
mod redis;
mod value;

use std::cell::Cell;
use std::rc::Rc;

use henge_guest::{Code, Error, Failure};
use rhai::{Dynamic, Engine, EvalAltResult, Map, Position};

/// What every function here returns.
type Returned = Result<Dynamic, Box<EvalAltResult>>;

/// Gives scripts all functions. `written` becomes true when one calls `output`.
pub fn register(engine: &mut Engine, written: Rc<Cell<bool>>) {
    job::register(engine, written);
    random::register(engine);
    redis::register(engine);
    data::register(engine);
    http::register(engine);
    queue::register(engine);
}

/// A refusal of the host as an exception.
fn thrown(error: Error) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(refusal(error).into(), Position::NONE).into()
}

/// A refusal of the host as a map.
fn refusal(error: Error) -> Map {
    Map::from([
        ("code".into(), error.code.name().into()),
        ("message".into(), error.message.into()),
    ])
}

/// What a script passed is not what the function takes.
fn wrong(message: impl Into<String>) -> Box<EvalAltResult> {
    thrown(Error::new(Code::InvalidArgument, message))
}

/// How a job ends whose script did not catch such an exception; `None` for any other error.
pub fn failure(error: &EvalAltResult) -> Option<Failure> {
    let EvalAltResult::ErrorRuntime(value, position) = error.unwrap_inner() else {
        return None;
    };
    let map = value.read_lock::<Map>()?;
    let text = |key| map.get(key)?.clone().into_string().ok();
    let (code, message) = (text("code")?, text("message")?);
    let place = match position.is_none() {
        true => String::new(),
        false => format!(" ({position})"),
    };
    Some(Failure::new(format!("{code}: {message}{place}")).with_code(code))
}
