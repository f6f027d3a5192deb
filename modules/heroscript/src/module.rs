//! What makes the engine a module: its exports, and the course of a job.

use std::cell::RefCell;

use henge_guest::{job, log, Failure, Value};

use crate::actors::{self, Entry, State};
use crate::call::Call;
use crate::script::{self, Action, Mistake, Place};

henge_guest::export!(init: init, run: run);

/// Room for a script that is fetched in one crossing, in bytes. Only what a script fills is
/// written, and so has to be reset after the job.
const SCRIPT_ROOM: usize = 64 * 1024;

/// Free memory left for the job, in bytes. An instance that had to grow cannot be used again.
const FREE_HEAP: usize = 2 * 1024 * 1024;

thread_local! {
    static SCRIPT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn init() {
    SCRIPT.set(Vec::with_capacity(SCRIPT_ROOM));
    // The optimiser must not see that this is never used.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(FREE_HEAP)));
}

fn run() -> Result<(), Failure> {
    let mut script = SCRIPT.take();
    job::input_into(&mut script)?;
    let script = std::str::from_utf8(&script).map_err(|e| not_utf8(e.valid_up_to()))?;
    let mut state = State::default();
    carry_out(script, &mut state)?;
    if !state.written {
        job::output(&bytes(state.answer))?;
    }
    Ok(())
}

/// Does one action after the other. Nothing is done of a script that cannot be read, or that asks
/// for what nobody does.
fn carry_out(script: &str, state: &mut State) -> Result<(), Failure> {
    let actions = script::parse(script).map_err(unreadable)?;
    let mut steps = Vec::with_capacity(actions.len());
    for action in &actions {
        steps.push((action, entry(action).map_err(unreadable)?));
    }
    for (action, entry) in steps {
        state.answer = match Call::new(action, entry).and_then(|call| (entry.run)(state, &call)) {
            Err(failure) if state.goes_on => caught(failure, action.place),
            Err(failure) => return Err(placed(failure, action.place)),
            Ok(answer) => answer,
        };
    }
    Ok(())
}

fn entry(action: &Action) -> Result<&'static Entry, Mistake> {
    actors::find(&action.actor, &action.name).map_err(|message| Mistake {
        message,
        place: action.place,
    })
}

/// An error as an answer. It stands in the log, since the next answer takes its place.
fn caught(failure: Failure, place: Place) -> Value {
    drop(log::warn(&format!("{} ({place})", failure.message)));
    let code = failure.code.unwrap_or_default();
    // That of the host has its code in front.
    let bare = failure
        .message
        .strip_prefix(&code)
        .and_then(|m| m.strip_prefix(": "));
    let message = bare.unwrap_or(&failure.message).into();
    Value::Map(vec![
        ("code".into(), code.as_str().into()),
        ("message".into(), message),
    ])
}

fn placed(failure: Failure, place: Place) -> Failure {
    Failure {
        message: format!("{} ({place})", failure.message),
        ..failure
    }
}

/// What cannot be read never will be, so it is not worth another attempt.
fn unreadable(mistake: Mistake) -> Failure {
    Failure::new(mistake.to_string())
        .with_code("parse_error")
        .with_retry(false)
}

fn not_utf8(at: usize) -> Failure {
    let message = format!("the script is not valid UTF-8 at byte {at}");
    Failure::new(message)
        .with_code("invalid_argument")
        .with_retry(false)
}

/// An answer as a result: a text and bytes as they are, nothing for nothing, anything else as JSON.
pub fn bytes(answer: Value) -> Vec<u8> {
    match answer {
        Value::Null => Vec::new(),
        Value::Text(text) => text.into_bytes(),
        Value::Bytes(bytes) => bytes,
        other => other.to_json().into_bytes(),
    }
}
