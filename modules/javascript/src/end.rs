//! How a job ends whose script did not.

use henge_guest::{Code, Failure};
use rquickjs::{Ctx, Exception, String as Text, Value};

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

/// The host's words where it refused something, and otherwise JavaScript's.
fn thrown<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> Failure {
    if is_out_of_memory(error) {
        // The host knows best why there was no more, and how much there is.
        std::process::abort();
    }
    let failure = Failure::new(described(ctx, error));
    let code: Option<Text> = error.as_object().and_then(|o| o.get("code").ok());
    match code.as_ref().map(text::utf8) {
        Some(code) if !code.is_empty() => failure.with_code(code),
        _ => failure.with_code("script_error"),
    }
}

/// Whether it is the exception with which QuickJS answers when memory does not grow.
fn is_out_of_memory(error: &Value) -> bool {
    let error = error.clone().into_object().and_then(Exception::from_object);
    error.is_some_and(|e| text::error_line(&e) == "InternalError: out of memory")
}

/// What was thrown, with its place in the script where that is known.
fn described<'js>(ctx: &Ctx<'js>, error: &Value<'js>) -> String {
    let Some(error) = error.clone().into_object().and_then(Exception::from_object) else {
        return format!("the script threw {}", text::shown(ctx, error));
    };
    let stack: Option<Text> = error.get("stack").ok();
    let place = stack.as_ref().map(text::utf8).and_then(|s| place(&s));
    match place {
        Some((line, column)) => format!(
            "{} (line {line}, column {column})",
            text::error_line(&error)
        ),
        None => text::error_line(&error),
    }
}

/// The first place in the script that a stack trace names: `script:LINE:COLUMN`.
fn place(stack: &str) -> Option<(u32, u32)> {
    let name = engine::SCRIPT.to_str().ok()?;
    for (at, _) in stack.match_indices(name) {
        let mut numbers = stack[at + name.len()..].strip_prefix(':')?.splitn(2, ':');
        let line = numbers.next()?.parse().ok();
        let column = numbers.next().and_then(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse().ok()
        });
        if let (Some(line), Some(column)) = (line, column) {
            return Some((line, column));
        }
    }
    None
}

/// A script that is no text.
pub fn not_utf8(at: usize) -> Failure {
    Failure::new(format!("the script is not valid UTF-8 at byte {at}"))
        .with_code(Code::InvalidArgument.name())
        .with_retry(false)
}
