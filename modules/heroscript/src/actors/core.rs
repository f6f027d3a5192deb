//! What belongs to no other actor: the job's identity and result, and the script's own course.

use henge_guest::{circle, clock, job, Failure, Value};

use super::{help as lines, Entry, State, ACTORS};
use crate::call::{Answer, Call};
use crate::module::bytes;
use crate::script::Value as Given;

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "help",
        takes: "[actor]",
        run: help,
    },
    Entry {
        name: "echo",
        takes: "[text...]",
        run: echo,
    },
    Entry {
        name: "print",
        takes: "[text...]",
        run: print,
    },
    Entry {
        name: "output",
        takes: "[value...]",
        run: output,
    },
    Entry {
        name: "progress",
        takes: "done [total] [text]",
        run: progress,
    },
    Entry {
        name: "fail",
        takes: "message [code] [retry]",
        run: fail,
    },
    Entry {
        name: "on_error",
        takes: "what",
        run: on_error,
    },
    Entry {
        name: "context_id",
        takes: "",
        run: |_, _| Ok(job::meta()?.circle.into()),
    },
    Entry {
        name: "caller_id",
        takes: "",
        run: |_, _| Ok(job::meta()?.caller.into()),
    },
    Entry {
        name: "identity",
        takes: "",
        run: identity,
    },
    Entry {
        name: "env",
        takes: "[name]",
        run: env,
    },
    Entry {
        name: "role",
        takes: "",
        run: |_, _| Ok(circle::role()?.into()),
    },
    Entry {
        name: "publish",
        takes: "kind name",
        run: publish,
    },
    Entry {
        name: "unpublish",
        takes: "kind name",
        run: unpublish,
    },
    Entry {
        name: "rand",
        takes: "[from] [to]",
        run: rand,
    },
    Entry {
        name: "random",
        takes: "",
        run: random,
    },
    Entry {
        name: "rand_float",
        takes: "",
        run: random,
    },
    Entry {
        name: "rand_bool",
        takes: "",
        run: |_, _| Ok((draw()? & 1 == 1).into()),
    },
    Entry {
        name: "random_bytes",
        takes: "count",
        run: random_bytes,
    },
    Entry {
        name: "now_ms",
        takes: "",
        run: |_, _| Ok((clock::now()?.as_millis() as i64).into()),
    },
    Entry {
        name: "elapsed_ms",
        takes: "",
        run: |_, _| Ok((clock::monotonic()?.as_millis() as i64).into()),
    },
];

fn help(_: &mut State, call: &Call) -> Answer {
    let wanted = call.text("actor").to_ascii_lowercase();
    let all: Vec<_> = ACTORS
        .iter()
        .filter(|(actor, _)| wanted.is_empty() || *actor == wanted)
        .map(|(actor, actions)| lines(actor, actions))
        .collect();
    match all.is_empty() {
        true => Err(call.wrong(format!("there is no actor {wanted:.80}"))),
        false => Ok(all.join("\n").into()),
    }
}

fn echo(_: &mut State, call: &Call) -> Answer {
    Ok(call.joined("text").into())
}

/// A line that cannot be written is no reason for a script to fail.
fn print(_: &mut State, call: &Call) -> Answer {
    drop(henge_guest::log::info(&call.joined("text")));
    Ok(Value::Null)
}

/// Adds to the result: a text, or without one what the action before answered.
fn output(state: &mut State, call: &Call) -> Answer {
    state.written = true;
    match call.get("value") {
        Some(_) => job::output(call.joined("value").as_bytes())?,
        None => job::output(&bytes(std::mem::take(&mut state.answer)))?,
    }
    Ok(Value::Null)
}

fn progress(_: &mut State, call: &Call) -> Answer {
    let done = call.parsed("done", "a number")?.unwrap_or_default();
    let total = call.parsed("total", "a number")?;
    job::progress(done, total, call.get("text").map(|v| &*v.text))?;
    Ok(Value::Null)
}

fn fail(_: &mut State, call: &Call) -> Answer {
    let code = call.get("code").map_or("script_error", |v| &v.text);
    let failure = Failure::new(call.text("message")).with_code(code);
    Err(match Given::default_true(call.get("retry")) {
        true => failure,
        false => failure.with_retry(false),
    })
}

/// What becomes of the script when an action fails: it ends, or the error is that action's answer.
fn on_error(state: &mut State, call: &Call) -> Answer {
    state.goes_on = match call.text("what") {
        "continue" => true,
        "stop" => false,
        other => return Err(call.wrong(format!("what is continue or stop, and not {other:.80?}"))),
    };
    Ok(Value::Null)
}

fn identity(_: &mut State, _: &Call) -> Answer {
    let meta = job::meta()?;
    let pairs: [(&str, Value); 6] = [
        ("id", meta.id.into()),
        ("circle", meta.circle.into()),
        ("caller", meta.caller.into()),
        ("type", meta.kind.into()),
        ("dialect", meta.dialect.into()),
        ("attempt", (meta.attempt as i64).into()),
    ];
    Ok(Value::Map(pairs.map(|(k, v)| (k.into(), v)).into()))
}

/// A variable of the job; all of them without a name.
fn env(_: &mut State, call: &Call) -> Answer {
    let mut env = job::meta()?.env.into_iter();
    Ok(match call.get("name") {
        Some(name) => env.find(|(n, _)| *n == name.text).map(|(_, v)| v).into(),
        None => Value::Map(env.map(|(k, v)| (k, v.into())).collect()),
    })
}

fn publish(_: &mut State, call: &Call) -> Answer {
    circle::publish(call.text("kind"), call.text("name"))?;
    Ok(Value::Null)
}

fn unpublish(_: &mut State, call: &Call) -> Answer {
    circle::unpublish(call.text("kind"), call.text("name"))?;
    Ok(Value::Null)
}

fn draw() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    clock::random(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// A whole number from one to another, both included; any without them.
fn rand(_: &mut State, call: &Call) -> Answer {
    let whole = "a whole number";
    let from = call.parsed("from", whole)?.unwrap_or(i64::MIN);
    let to = call.parsed("to", whole)?.unwrap_or(i64::MAX);
    if from > to {
        return Err(call.wrong("from is greater than to"));
    }
    // As many numbers as there are, less one, so that all 64 bits fit.
    let last = to.wrapping_sub(from) as u64;
    let mask = u64::MAX.checked_shr(last.leading_zeros()).unwrap_or(0);
    loop {
        let n = draw()? & mask;
        if n <= last {
            return Ok(from.wrapping_add(n as i64).into());
        }
    }
}

/// From 0 to below 1, each of the 2^53 that a float of that size can tell apart as likely.
fn random(_: &mut State, _: &Call) -> Answer {
    Ok(((draw()? >> 11) as f64 / (1_u64 << 53) as f64).into())
}

/// The most random bytes at once.
const MAX_BYTES: u32 = 65_536;

fn random_bytes(_: &mut State, call: &Call) -> Answer {
    let count = call.count("count")?.unwrap_or_default();
    if count > MAX_BYTES {
        return Err(call.wrong(format!("count is at most {MAX_BYTES}")));
    }
    let mut bytes = vec![0; count as usize];
    clock::random(&mut bytes)?;
    Ok(bytes.into())
}
