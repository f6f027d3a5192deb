//! Further jobs.

use henge_guest::queue::{self, Ended};
use henge_guest::{Failure, Value};

use super::{Entry, State};
use crate::call::{Answer, Call};

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "submit",
        takes: "type payload [timeout_ms] [retries] [delay_ms] [env]",
        run: submit,
    },
    Entry {
        name: "wait",
        takes: "[id...] [timeout_ms]",
        run: wait,
    },
];

fn submit(state: &mut State, call: &Call) -> Answer {
    let id = queue::submit(&queue::Job {
        kind: call.text("type").into(),
        payload: call.text("payload").into(),
        timeout_ms: call.count("timeout_ms")?,
        retries: call.count("retries")?,
        delay_ms: call.count("delay_ms")?,
        env: env(call)?,
    })?;
    state.submitted.push(id.clone());
    Ok(id.into())
}

/// Variables as `NAME=value`, a list of them.
fn env(call: &Call) -> Result<Vec<(String, String)>, Failure> {
    let items = call.get("env").map_or(&[][..], |v| &v.items);
    items
        .iter()
        .map(|word| match word.text.split_once('=') {
            Some((name, value)) => Ok((name.trim().into(), value.into())),
            None => Err(call.wrong(format!(
                "a variable is written NAME=value, and not {:.80?}",
                word.text
            ))),
        })
        .collect()
}

/// How jobs ended, by id; without an id, those that this script has submitted.
fn wait(state: &mut State, call: &Call) -> Answer {
    let given: Vec<_> = call.list("id").map(|w| &*w.text).collect();
    let ids = match given.is_empty() {
        true => state.submitted.iter().map(String::as_str).collect(),
        false => given,
    };
    if ids.is_empty() {
        return Err(call.wrong("there is no job to wait for"));
    }
    let ended = queue::wait(&ids, call.count("timeout_ms")?)?;
    Ok(Value::Map(
        ended
            .into_iter()
            .map(|(id, e)| (id, described(e)))
            .collect(),
    ))
}

fn described(ended: Ended) -> Value {
    Value::Map(vec![
        ("status".into(), ended.status.into()),
        ("output".into(), ended.output),
        ("error".into(), ended.error.into()),
    ])
}
