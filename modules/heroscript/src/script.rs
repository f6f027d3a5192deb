//! HeroScript as it is written: text in, actions out. Nothing here knows the host or what any
//! action does.

mod cursor;
mod parse;
mod quoted;
mod words;

pub use parse::{parse, words};
pub use words::{Param, Value, Word};

use std::borrow::Cow;
use std::fmt;

/// Where something stands in a script, both counted from 1 and the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, position {}", self.line, self.column)
    }
}

/// One action of a script: what is to be done, and with what.
#[derive(Debug, PartialEq)]
pub struct Action<'a> {
    /// Who does it; `core` where the script says nobody. In small letters, as the name.
    pub actor: Cow<'a, str>,
    pub name: Cow<'a, str>,
    pub place: Place,
    /// What was written as `key:value`, in the order of the script.
    pub params: Vec<Param<'a>>,
    /// What was written without a key.
    pub args: Vec<Word<'a>>,
}

/// What makes a text no script.
#[derive(Debug, PartialEq)]
pub struct Mistake {
    pub message: String,
    pub place: Place,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.place)
    }
}
