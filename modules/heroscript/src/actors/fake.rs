//! Actions that touch nothing, to try out producers and workers with.

use henge_guest::{Code, Error, Failure, Value};

use super::{help, Entry, State};
use crate::call::{typed, Answer, Call};
use crate::script::{Param, Value as Given};

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "return_success",
        takes: "[message]",
        run: success,
    },
    Entry {
        name: "return_error",
        takes: "[message] [retry]",
        run: error,
    },
    Entry {
        name: "return_json",
        takes: "[name:value...]",
        run: json,
    },
    Entry {
        name: "return_empty",
        takes: "",
        run: |_, _| Ok(Value::Null),
    },
    Entry {
        name: "return_large",
        takes: "[size]",
        run: large,
    },
    Entry {
        name: "return_params",
        takes: "[arg...] [name:value...]",
        run: params,
    },
    Entry {
        name: "return_switches",
        takes: "[on] [off]",
        run: switches,
    },
    Entry {
        name: "help",
        takes: "",
        run: |_, _| Ok(help("fake", ACTIONS).into()),
    },
];

fn success(_: &mut State, call: &Call) -> Answer {
    Ok(call.get("message").map_or("success", |v| &v.text).into())
}

fn error(_: &mut State, call: &Call) -> Answer {
    let message = call
        .get("message")
        .map_or("an error, as was asked for", |v| &v.text);
    let failure = Failure::new(message).with_code("script_error");
    Err(match Given::default_true(call.get("retry")) {
        true => failure,
        false => failure.with_retry(false),
    })
}

/// The parameters as an object, or one that says that all is well.
fn json(_: &mut State, call: &Call) -> Answer {
    if call.named.is_empty() {
        return Ok(Value::Map(vec![("status".into(), "success".into())]));
    }
    Ok(object(&call.named, typed_value))
}

/// How long a large answer is if nothing is said, and at most, in bytes.
const LARGE: u32 = 1024 * 1024;
const MAX_LARGE: u32 = 8 * LARGE;

fn large(_: &mut State, call: &Call) -> Answer {
    let size = call.count("size")?.unwrap_or(LARGE);
    if size > MAX_LARGE {
        let message = format!("size is at most {MAX_LARGE}");
        return Err(Error::new(Code::TooLarge, message).into());
    }
    Ok("x".repeat(size as usize).into())
}

/// What was read of the action itself, every value a text.
fn params(_: &mut State, call: &Call) -> Answer {
    let args = call.list("arg").map(|w| (*w.text).into()).collect();
    Ok(Value::Map(vec![
        ("args".into(), Value::List(args)),
        (
            "params".into(),
            object(&call.named, |v| match v.list {
                true => Value::List(v.items.iter().map(|w| (*w.text).into()).collect()),
                false => (*v.text).into(),
            }),
        ),
    ]))
}

/// How two switches stand, the one on and the other off unless the script says otherwise.
fn switches(_: &mut State, call: &Call) -> Answer {
    Ok(Value::Map(vec![
        ("on".into(), Given::default_true(call.get("on")).into()),
        ("off".into(), Given::default_false(call.get("off")).into()),
    ]))
}

fn object(params: &[&Param], value: impl Fn(&Given) -> Value) -> Value {
    Value::Map(
        params
            .iter()
            .map(|p| (p.key.to_string(), value(&p.value)))
            .collect(),
    )
}

fn typed_value(value: &Given) -> Value {
    match &value.items[..] {
        [] => "".into(),
        [one] if !value.list => typed(one),
        items => Value::List(items.iter().map(typed).collect()),
    }
}
