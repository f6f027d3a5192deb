//! Small values of the circle.

use henge_guest::{kv, Code, Error, Value};

use super::{Entry, State};
use crate::call::{Answer, Call};

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "get",
        takes: "key",
        run: get,
    },
    Entry {
        name: "set",
        takes: "key value [ttl_ms]",
        run: set,
    },
    Entry {
        name: "delete",
        takes: "key",
        run: delete,
    },
    Entry {
        name: "list",
        takes: "[prefix] [after] [limit]",
        run: list,
    },
];

fn get(_: &mut State, call: &Call) -> Answer {
    let value = kv::get(call.text("key").as_bytes())?;
    // A text where it is one.
    Ok(
        value.map_or(Value::Null, |bytes| match String::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(e) => e.into_bytes().into(),
        }),
    )
}

fn set(_: &mut State, call: &Call) -> Answer {
    kv::set(
        &call.text("key").into(),
        &call.text("value").into(),
        call.count("ttl_ms")?,
    )?;
    Ok(Value::Null)
}

fn delete(_: &mut State, call: &Call) -> Answer {
    kv::delete(call.text("key").as_bytes())?;
    Ok(Value::Null)
}

/// The most keys that one answer has.
const MAX_KEYS: usize = 10_000;

/// All keys that begin with a prefix, unless the script says how many it wants at most.
fn list(_: &mut State, call: &Call) -> Answer {
    let prefix = call.text("prefix").into();
    let mut after = call.get("after").map(|v| Value::from(&*v.text));
    let limit = call.count("limit")?;
    let mut all = Vec::new();
    loop {
        let page = kv::list(&prefix, after.as_ref(), limit)?;
        after = page.keys.last().cloned();
        all.extend(page.keys);
        if all.len() > MAX_KEYS {
            let message = format!("there are more than {MAX_KEYS} keys: say after and limit");
            return Err(Error::new(Code::TooLarge, message).into());
        }
        if !page.more || after.is_none() || limit.is_some() {
            return Ok(Value::List(all));
        }
    }
}
