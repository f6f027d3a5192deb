//! Who does what: an actor is a list of actions, each with what it takes.

mod core;
mod fake;
mod http;
mod job;
mod kv;
mod log;
mod redis;
mod sql;

use henge_guest::Value;

use crate::call::{Answer, Call};

/// One action that an actor knows.
pub struct Entry {
    pub name: &'static str,
    /// The names of its parameters, in the order in which arguments without a name are taken.
    pub takes: &'static str,
    pub run: fn(&mut State, &Call) -> Answer,
}

/// What one action of a job leaves for those after it.
#[derive(Default)]
pub struct State {
    /// Whether the script has written its result itself.
    pub written: bool,
    /// What the action before answered.
    pub answer: Value,
    /// Whether the script goes on after an error.
    pub goes_on: bool,
    /// The jobs that the script has submitted.
    pub submitted: Vec<String>,
}

/// All actors, in the order of the alphabet.
pub const ACTORS: [(&str, &[Entry]); 8] = [
    ("core", core::ACTIONS),
    ("fake", fake::ACTIONS),
    ("http", http::ACTIONS),
    ("job", job::ACTIONS),
    ("kv", kv::ACTIONS),
    ("log", log::ACTIONS),
    ("redis", redis::ACTIONS),
    ("sql", sql::ACTIONS),
];

/// Who does an action; otherwise why nobody does.
pub fn find(actor: &str, name: &str) -> Result<&'static Entry, String> {
    let Some((_, actions)) = ACTORS.iter().find(|(known, _)| *known == actor) else {
        let known: Vec<_> = ACTORS.iter().map(|(known, _)| *known).collect();
        return Err(format!(
            "there is no actor {actor:.80}; there are {}",
            known.join(", ")
        ));
    };
    actions.iter().find(|e| e.name == name).ok_or_else(|| {
        format!("the actor {actor} has no action {name:.80}; !!help {actor} lists what it has")
    })
}

/// What an actor can do, a line for each action.
pub fn help(actor: &str, actions: &[Entry]) -> String {
    let line = |e: &Entry| {
        format!("!!{actor}.{} {}", e.name, e.takes)
            .trim_end()
            .to_owned()
    };
    actions.iter().map(line).collect::<Vec<_>>().join("\n")
}
