//! Counts the lines, words and bytes of its payload: a plain program, which knows nothing of henge.

use std::io::{self, Read};
use std::process::ExitCode;
use std::{env, fmt::Display};

fn main() -> ExitCode {
    let mut text = Vec::new();
    if let Err(e) = io::stdin().read_to_end(&mut text) {
        return fail(1, e);
    }
    if text.is_empty() {
        return fail(3, "there is nothing to count");
    }
    let lines = text.iter().filter(|b| **b == b'\n').count();
    let words = text
        .split(u8::is_ascii_whitespace)
        .filter(|w| !w.is_empty())
        .count();
    let name = |variable| env::var(variable).unwrap_or_default();
    println!(
        "{lines} {words} {} for {} in {}",
        text.len(),
        name("CALLER_ID"),
        name("CONTEXT_ID")
    );
    ExitCode::SUCCESS
}

fn fail(code: u8, why: impl Display) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(code)
}
