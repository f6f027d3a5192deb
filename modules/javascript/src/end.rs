//! How a job ends whose script did not.

use henge_guest::{Code, Failure};
use rquickjs::{Ctx, Exception, Object, Value};

use crate::engine::{self, Broken};
use crate::text;

/// Why a script has no value, with the place in it.
///
/// A script that cannot be parsed never will be, so it is not worth another attempt; about any
/// other error the job's own policy decides.
pub fn failure<'js>(ctx: &Ctx<'js>, broken: Broken<'js>) -> Failure {
    match broken {
        Broken::Syntax(error) => Failure::new(described(ctx, &error))
            .with_code("parse_error")
            .with_retry(false),
        Broken::Thrown(error) => thrown(ctx, &error),
        Broken::Pending => Failure::new(
            "the script ends with a promise that nothing will ever settle: \
             its resolve function is never called",
        )
        .with_code("script_error"),
    }
}

/// An exception of what the engine itself did with a script's values.
pub fn inside(ctx: &Ctx, error: rquickjs::Error) -> Failure {
    match error {
        rquickjs::Error::Exception => thrown(ctx, &ctx.catch()),
        other => Failure::new(other.to_string()),
    }
}

/// The host's words where it refused something, and the script's where it has a code of its own.
fn thrown<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Failure {
    if is_out_of_memory(error) {
        // The host knows best why there was no more, and how much there is.
        std::process::abort();
    }
    let field = |name| error.as_object().and_then(|o| text::property(o, name));
    match (field("code"), field("message")) {
        (Some(code), Some(message)) if !code.is_empty() => {
            Failure::new(placed(error, format!("{code}: {message}"))).with_code(code)
        }
        _ => Failure::new(described(ctx, error)).with_code("script_error"),
    }
}

/// Whether it is the exception with which QuickJS answers when memory does not grow.
fn is_out_of_memory(error: &Value) -> bool {
    as_error(error).is_some_and(|e| text::error_line(&e) == "InternalError: out of memory")
}

fn as_error<'js>(value: &Value<'js>) -> Option<Exception<'js>> {
    Exception::from_object(value.clone().into_object()?)
}

/// What was thrown, with its place.
fn described<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> String {
    match as_error(error) {
        Some(e) => placed(error, text::error_line(&e)),
        None => format!("the script threw {}", text::shown(ctx, error)),
    }
}

/// Words about an error with its place in the script, which only an Error knows.
fn placed(error: &Value, words: String) -> String {
    let known = as_error(error).and_then(|error| {
        let class: Option<Object> = error.get("constructor").ok();
        let class = class.and_then(|class| text::property(&class, "name"));
        place(
            &text::property(&error, "stack")?,
            &class.unwrap_or_default(),
        )
    });
    match known {
        Some((line, column)) => format!("{words} (line {line}, column {column})"),
        None => words,
    }
}

/// The first place in the script that a stack trace names, as in `at f (script:LINE:COLUMN)`. The
/// constructor of the error's own class is not where it was thrown.
fn place(stack: &str, class: &str) -> Option<(u32, u32)> {
    let inside = format!("at {class} (");
    let frames = stack.lines().map(str::trim_start);
    frames
        .skip_while(|frame| frame.starts_with(&inside))
        .find_map(numbers)
}

fn numbers(frame: &str) -> Option<(u32, u32)> {
    let (_, place) = frame.split_once(engine::SCRIPT.to_str().ok()?)?;
    let (line, column) = place.strip_prefix(':')?.split_once(':')?;
    let column = column.trim_end_matches(')');
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// A script that is no text.
pub fn not_utf8(at: usize) -> Failure {
    Failure::new(format!("the script is not valid UTF-8 at byte {at}"))
        .with_code(Code::InvalidArgument.name())
        .with_retry(false)
}
