//! The rules by which a text is read as actions.

use std::borrow::Cow;

use super::cursor::{is_blank, margin, Cursor};
use super::quoted::{quote, quoted};
use super::words::{Param, Value, Word};
use super::{Action, Mistake};

/// The actor of an action that names none.
const CORE: &str = "core";

/// The most exclamation marks before an action. They all mean the same here.
const MAX_MARKS: usize = 4;

/// Reads a script.
///
/// # Errors
///
/// The first thing that breaks a rule, with its place.
pub fn parse(text: &str) -> Result<Vec<Action<'_>>, Mistake> {
    let mut cursor = Cursor::new(text);
    let margin = margin(&cursor.lines).len();
    let mut actions: Vec<Action> = Vec::new();
    let mut open = false;
    loop {
        cursor.skip_space();
        let rest = cursor.rest();
        if cursor.at_end() {
            return Ok(actions);
        }
        if rest.starts_with("//") || rest.starts_with("<!--") {
            // One that stands at the margin parts actions; others stand between parameters.
            open &= !(cursor.fresh && cursor.col <= margin);
            comment(&mut cursor)?;
        } else if rest.starts_with('!') && cursor.fresh {
            actions.push(head(&mut cursor)?);
            open = true;
        } else if rest.starts_with("!!") {
            return cursor.mistake("an action begins a line of its own");
        } else if let Some(action) = actions.last_mut().filter(|_| open) {
            argument(&mut cursor, action)?;
        } else {
            return stray(&cursor, actions.is_empty());
        }
    }
}

/// Reads a line of words alone, in quotes or not.
///
/// # Errors
///
/// As [`parse`].
pub fn words(line: &str) -> Result<Vec<Word<'_>>, Mistake> {
    let mut cursor = Cursor::new(line);
    let mut words = Vec::new();
    loop {
        cursor.skip_space();
        if cursor.at_end() {
            return Ok(words);
        }
        words.push(match quote(cursor.rest()) {
            Some(quote) => quoted(&mut cursor, quote)?,
            None => bare(cursor.take(end_of(cursor.rest(), is_blank))),
        });
    }
}

fn stray<T>(cursor: &Cursor, first: bool) -> Result<T, Mistake> {
    cursor.mistake(match first {
        true => "this belongs to no action: one begins with !!actor.name",
        false => "this belongs to no action: the comment above has ended the last one; indent the comment, or begin another action",
    })
}

fn comment(cursor: &mut Cursor) -> Result<(), Mistake> {
    if cursor.rest().starts_with("//") {
        cursor.next_line();
        return Ok(());
    }
    let unending = cursor.mistake("this comment has no end: -->");
    cursor.take("<!--".len());
    while !cursor.at_end() {
        if let Some(end) = cursor.rest().find("-->") {
            cursor.take(end + "-->".len());
            return Ok(());
        }
        cursor.next_line();
    }
    unending
}

/// An action's own line: its marks and its name.
fn head<'a>(cursor: &mut Cursor<'a>) -> Result<Action<'a>, Mistake> {
    let place = cursor.place();
    let rest = cursor.rest();
    let marks = rest.len() - rest.trim_start_matches('!').len();
    if marks > MAX_MARKS {
        return cursor.mistake(format!(
            "an action begins with 1 to {MAX_MARKS} exclamation marks, and not with {marks}"
        ));
    }
    cursor.take(marks);
    let name = &cursor.rest()[..end_of(cursor.rest(), is_blank)];
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    illegal(cursor, name, is_legal, "the name of an action")?;
    let name = cursor.take(name.len());
    let (actor, name) = name.split_once('.').unwrap_or((CORE, name));
    if actor.is_empty() || name.is_empty() || name.contains('.') {
        let message = "an action is written !!actor.name, or !!name for the actor core".into();
        return Err(Mistake { message, place });
    }
    Ok(Action {
        actor: lower(actor),
        name: lower(name),
        place,
        params: Vec::new(),
        args: Vec::new(),
    })
}

/// One parameter, or one argument without a name.
fn argument<'a>(cursor: &mut Cursor<'a>, action: &mut Action<'a>) -> Result<(), Mistake> {
    let rest = cursor.rest();
    if let Some(quote) = quote(rest) {
        action.args.push(quoted(cursor, quote)?);
        return Ok(());
    }
    let end = end_of(rest, |c| is_blank(c) || c == ':');
    if !rest[end..].starts_with(':') {
        action.args.push(bare(cursor.take(end)));
        return Ok(());
    }
    let key = &rest[..end];
    if key.is_empty() {
        return cursor.mistake("the name of a parameter is missing before the colon");
    }
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/');
    illegal(cursor, key, is_legal, "the name of a parameter")?;
    let key = lower(key);
    if action.params.iter().any(|p| p.key == key) {
        return cursor.mistake(format!("the parameter {key} is given twice"));
    }
    cursor.take(end + 1);
    let value = value(cursor)?;
    action.params.push(Param { key, value });
    Ok(())
}

/// Refuses a name with a character that none may have, at its place.
fn illegal(
    cursor: &mut Cursor,
    name: &str,
    is_legal: impl Fn(char) -> bool,
    what: &str,
) -> Result<(), Mistake> {
    let Some((at, c)) = name.char_indices().find(|(_, c)| !is_legal(*c)) else {
        return Ok(());
    };
    cursor.take(at);
    cursor.mistake(format!(
        "{c:?} cannot stand in {what}; a text with such characters is written in quotes"
    ))
}

/// What stands behind a colon.
fn value<'a>(cursor: &mut Cursor<'a>) -> Result<Value<'a>, Mistake> {
    let attached = !cursor.rest().starts_with(is_blank);
    cursor.skip_blanks();
    let mut value = Value {
        items: Vec::new(),
        text: Cow::Borrowed(""),
        list: false,
    };
    if cursor.rest().is_empty() && !quote_follows(cursor) {
        return Ok(value);
    }
    if !attached && cursor.rest().starts_with("//") {
        return Ok(value); // a comment
    }
    let (row, start) = (cursor.row, cursor.col);
    let end = loop {
        let item = match quote(cursor.rest()) {
            Some(quote) => quoted(cursor, quote)?,
            None => bare(cursor.take(end_of(cursor.rest(), |c| is_blank(c) || c == ','))),
        };
        value.items.push(item);
        let end = (cursor.row, cursor.col);
        cursor.skip_blanks();
        if !cursor.rest().starts_with(',') {
            break end;
        }
        value.list = true;
        cursor.take(1);
        if !goes_on(cursor) {
            break end;
        }
    };
    value.text = match &value.items[..] {
        [one] => one.text.clone(),
        _ if end.0 == row => Cow::Borrowed(&cursor.lines[row][start..end.1]),
        items => items
            .iter()
            .map(|w| &*w.text)
            .collect::<Vec<_>>()
            .join(", ")
            .into(),
    };
    Ok(value)
}

/// Moves to the next line that holds something if that is a text in quotes.
fn quote_follows(cursor: &mut Cursor) -> bool {
    let (row, col) = (cursor.row, cursor.col);
    cursor.skip_space();
    if quote(cursor.rest()).is_some() {
        return true;
    }
    (cursor.row, cursor.col, cursor.fresh) = (row, col, false);
    false
}

/// Whether a list has another element behind its comma, perhaps in the next line.
fn goes_on(cursor: &mut Cursor) -> bool {
    let (row, col) = (cursor.row, cursor.col);
    cursor.skip_space();
    let rest = cursor.rest();
    let moved = cursor.row > row;
    let ends = rest.is_empty()
        || rest.starts_with("//")
        || rest.starts_with("<!--")
        || moved && (rest.starts_with('!') || quote(rest).is_none() && is_parameter(rest));
    if ends {
        (cursor.row, cursor.col, cursor.fresh) = (row, col, false);
    }
    !ends
}

/// Whether a line begins with a parameter.
fn is_parameter(rest: &str) -> bool {
    rest[end_of(rest, |c| is_blank(c) || c == ':' || c == ',')..].starts_with(':')
}

fn bare(text: &str) -> Word<'_> {
    Word {
        text: Cow::Borrowed(text),
        quoted: false,
    }
}

/// A name in small letters; most are.
fn lower(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    }
}

/// How many bytes there are before the first character that ends a word.
fn end_of(text: &str, ends: impl Fn(char) -> bool) -> usize {
    text.find(ends).unwrap_or(text.len())
}
