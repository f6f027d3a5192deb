//! What an action is given.

use std::borrow::Cow;

/// A text of a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Word<'a> {
    pub text: Cow<'a, str>,
    /// Whether it stood in quotes, and so is a text whatever it looks like.
    pub quoted: bool,
}

/// A named parameter.
#[derive(Debug, PartialEq)]
pub struct Param<'a> {
    /// In small letters.
    pub key: Cow<'a, str>,
    pub value: Value<'a>,
}

/// What a parameter holds: one text, or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Value<'a> {
    /// The elements; none where nothing stands behind the colon.
    pub items: Vec<Word<'a>>,
    /// All of it as one text: a list as it was written.
    pub text: Cow<'a, str>,
    /// Whether there was a comma.
    pub list: bool,
}

impl<'a> Value<'a> {
    /// A value of one word.
    pub fn of(word: Word<'a>) -> Value<'a> {
        Value {
            text: word.text.clone(),
            items: vec![word],
            list: false,
        }
    }

    /// Whether a switch is on that is on unless the script says otherwise.
    pub fn default_true(value: Option<&Value>) -> bool {
        matches!(switch(value).as_str(), "" | "1" | "true" | "y" | "yes")
    }

    /// Whether a switch is on that is off unless the script says otherwise.
    pub fn default_false(value: Option<&Value>) -> bool {
        !matches!(switch(value).as_str(), "" | "0" | "false" | "n" | "no")
    }
}

fn switch(value: Option<&Value>) -> String {
    value.map_or_else(String::new, |v| v.text.trim().to_ascii_lowercase())
}
