//! How a job ends whose script did not.

use henge_guest::Failure;

/// A line and a column of the script, from 1.
pub type Place = (usize, usize);

/// A script that cannot be parsed. It never will be, so it is not worth another attempt.
pub fn unparsed(words: String, place: Option<Place>) -> Failure {
    Failure::new(placed(words, place))
        .with_code("parse_error")
        .with_retry(false)
}

/// An error that nobody caught: the host's words where it refused something, the script's where the
/// error has a code of its own, and otherwise what `shown` makes of it. `field` gives members of the
/// error that are texts. About another attempt the job's own policy decides.
pub fn uncaught(
    field: impl Fn(&'static str) -> Option<String>,
    place: Option<Place>,
    shown: impl FnOnce() -> String,
) -> Failure {
    match (field("code"), field("message")) {
        (Some(code), Some(message)) if !code.is_empty() => {
            Failure::new(placed(format!("{code}: {message}"), place)).with_code(code)
        }
        _ => Failure::new(placed(shown(), place)).with_code("script_error"),
    }
}

fn placed(words: String, place: Option<Place>) -> String {
    match place {
        Some((line, column)) => format!("{words} (line {line}, column {column})"),
        None => words,
    }
}
