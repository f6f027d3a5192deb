//! A place in a script that moves forward, line by line.

use super::{Mistake, Place};

pub struct Cursor<'a> {
    pub lines: Vec<&'a str>,
    /// The line, from 0.
    pub row: usize,
    /// Bytes of the line that were read.
    pub col: usize,
    /// Whether nothing but blanks was read of the line.
    pub fresh: bool,
}

/// What parts words: line ends do, too.
pub fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Cursor<'a> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let bare = |line: &'a str| line.strip_suffix('\r').unwrap_or(line);
        Cursor {
            lines: text.split('\n').map(bare).collect(),
            row: 0,
            col: 0,
            fresh: true,
        }
    }

    /// What is left of the line; nothing at the end of the script.
    pub fn rest(&self) -> &'a str {
        self.lines
            .get(self.row)
            .map_or("", |line| &line[self.col..])
    }

    pub fn at_end(&self) -> bool {
        self.row >= self.lines.len()
    }

    /// Reads a number of bytes of the line.
    pub fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.rest()[..bytes];
        self.col += bytes;
        self.fresh = false;
        taken
    }

    /// Steps over blanks, within the line.
    pub fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.col += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    /// Steps over blanks and ends of lines.
    pub fn skip_space(&mut self) {
        loop {
            self.skip_blanks();
            if !self.rest().is_empty() || self.at_end() {
                return;
            }
            self.next_line();
        }
    }

    pub fn next_line(&mut self) {
        self.row += 1;
        self.col = 0;
        self.fresh = true;
    }

    pub fn place(&self) -> Place {
        let read = self
            .lines
            .get(self.row)
            .map_or("", |line| &line[..self.col]);
        Place {
            line: self.row + 1,
            column: read.chars().count() + 1,
        }
    }

    /// A mistake at this place.
    pub fn mistake<T>(&self, message: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake {
            message: message.into(),
            place: self.place(),
        })
    }
}

/// The blanks with which all lines begin that hold more than blanks.
pub fn margin<'a>(lines: &[&'a str]) -> &'a str {
    let mut common: Option<&str> = None;
    for line in lines {
        let text = line.trim_start_matches(is_blank);
        if text.is_empty() {
            continue;
        }
        let indent = &line[..line.len() - text.len()];
        common = Some(common.map_or(indent, |c| shared(c, indent)));
    }
    common.unwrap_or("")
}

fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b);
    &a[..same.count()]
}
