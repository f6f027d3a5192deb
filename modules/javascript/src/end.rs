//! How a job ends whose script did not.

use henge_guest::Failure;
use henge_rustengine::{uncaught, unparsed, Place};
use rquickjs::{Ctx, Exception, Object, Value};

use crate::engine::{self, Broken};
use crate::text;

/// Why a script has no value, with the place in it.
pub fn failure<'js>(ctx: &Ctx<'js>, broken: Broken<'js>) -> Failure {
    match broken {
        Broken::Syntax(error) => unparsed(described(ctx, &error), place(&error)),
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

fn thrown<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Failure {
    if is_out_of_memory(error) {
        // The host knows best why there was no more, and how much there is.
        std::process::abort();
    }
    uncaught(
        |name| text::property(error.as_object()?, name),
        place(error),
        || described(ctx, error),
    )
}

/// Whether it is the exception with which QuickJS answers when memory does not grow.
fn is_out_of_memory(error: &Value) -> bool {
    as_error(error).is_some_and(|e| text::error_line(&e) == "InternalError: out of memory")
}

fn as_error<'js>(value: &Value<'js>) -> Option<Exception<'js>> {
    Exception::from_object(value.clone().into_object()?)
}

/// What was thrown.
fn described<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> String {
    match as_error(error) {
        Some(e) => text::error_line(&e),
        None => format!("the script threw {}", text::shown(ctx, error)),
    }
}

/// The place of an error in the script, which only an Error knows.
fn place(error: &Value) -> Option<Place> {
    let error = as_error(error)?;
    let class: Option<Object> = error.get("constructor").ok();
    let class = class.and_then(|class| text::property(&class, "name"));
    first(
        &text::property(&error, "stack")?,
        &class.unwrap_or_default(),
    )
}

/// The first place in the script that a stack trace names, as in `at f (script:LINE:COLUMN)`. The
/// constructor of the error's own class is not where it was thrown.
fn first(stack: &str, class: &str) -> Option<Place> {
    let inside = format!("at {class} (");
    let frames = stack.lines().map(str::trim_start);
    frames
        .skip_while(|frame| frame.starts_with(&inside))
        .find_map(numbers)
}

fn numbers(frame: &str) -> Option<Place> {
    let (_, place) = frame.split_once(engine::SCRIPT.to_str().ok()?)?;
    let (line, column) = place.strip_prefix(':')?.split_once(':')?;
    let column = column.trim_end_matches(')');
    Some((line.parse().ok()?, column.parse().ok()?))
}
