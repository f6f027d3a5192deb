//! Texts in quotes, of one line and of several.

use std::borrow::Cow;

use super::cursor::{is_blank, margin, Cursor};
use super::words::Word;
use super::Mistake;

/// The quote with which a text begins.
pub fn quote(text: &str) -> Option<char> {
    text.chars().next().filter(|c| matches!(c, '\'' | '"'))
}

/// Reads a text that begins with a quote. One with nothing behind the quote goes on over lines,
/// until one that is that quote alone.
pub fn quoted<'a>(cursor: &mut Cursor<'a>, quote: char) -> Result<Word<'a>, Mistake> {
    let body = &cursor.rest()[1..];
    if body.trim_matches(is_blank).is_empty() {
        return lines(cursor, quote);
    }
    let Some(end) = closing(body, quote) else {
        return cursor.mistake(format!(
            "this text has no closing {quote} in its line; one of several lines has nothing behind the opening quote, and ends with a line that is the quote alone"
        ));
    };
    cursor.take(end + 2);
    if !cursor.rest().starts_with([' ', '\t', ',']) && !cursor.rest().is_empty() {
        return cursor.mistake(format!(
            "the text ended here; a {quote} inside of it is written \\{quote}"
        ));
    }
    Ok(word(Cow::Borrowed(&body[..end])))
}

/// Where the closing quote is.
fn closing(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            c if c == quote && !escaped => return Some(at),
            c => escaped = c == '\\' && !escaped,
        }
    }
    None
}

fn lines<'a>(cursor: &mut Cursor<'a>, quote: char) -> Result<Word<'a>, Mistake> {
    let first = cursor.row + 1;
    let is_end = |line: &&str| line.trim_matches(is_blank).strip_prefix(quote) == Some("");
    let Some(count) = cursor.lines[first..].iter().position(is_end) else {
        return cursor.mistake(format!(
            "this text of several lines has no end: a line that is {quote} alone"
        ));
    };
    let lines = &cursor.lines[first..first + count];
    let margin = margin(lines);
    // A line of blanks may be shorter than the margin.
    let bare = |line: &&'a str| line.strip_prefix(margin).unwrap_or("");
    let text = lines.iter().map(bare).collect::<Vec<_>>().join("\n");
    cursor.row = first + count;
    cursor.col = cursor.lines[cursor.row].len();
    cursor.fresh = false;
    Ok(word(Cow::Owned(text)))
}

/// A quote behind a backslash is a quote; a backslash before anything else stands for itself.
fn word(text: Cow<'_, str>) -> Word<'_> {
    let text = match text.contains("\\'") || text.contains("\\\"") {
        true => text.replace("\\'", "'").replace("\\\"", "\"").into(),
        false => text,
    };
    Word { text, quoted: true }
}
