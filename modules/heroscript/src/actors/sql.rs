//! The circle's database. Values for `?` are a list in `args`; those of named parameters are the
//! action's own.

use henge_guest::{sql, Code, Error, Failure, Value};

use super::{Entry, State};
use crate::call::{typed, Answer, Call};

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "query",
        takes: "sql [args] [max_rows] [name:value...]",
        run: query,
    },
    Entry {
        name: "exec",
        takes: "sql [args] [name:value...]",
        run: exec,
    },
];

/// The most rows that an answer has whose number the script did not say.
const MAX_ROWS: u32 = 10_000;

/// Rows as maps. All of them, unless the script says how many it wants at most: part of an answer
/// that looks like all of it would be found too late.
fn query(_: &mut State, call: &Call) -> Answer {
    let most = call.count("max_rows")?;
    let found = sql::query(
        call.text("sql"),
        &values(call)?,
        Some(most.unwrap_or(MAX_ROWS)),
    )?;
    if found.more && most.is_none() {
        let message = format!("there are more than {MAX_ROWS} rows: add a LIMIT, or say max_rows");
        return Err(Error::new(Code::TooLarge, message).into());
    }
    let row = |row: Vec<Value>| Value::Map(found.columns.iter().cloned().zip(row).collect());
    Ok(Value::List(found.rows.into_iter().map(row).collect()))
}

fn exec(_: &mut State, call: &Call) -> Answer {
    let done = sql::exec(call.text("sql"), &values(call)?)?;
    Ok(Value::Map(vec![
        ("changes".into(), done.changes.into()),
        ("last_id".into(), done.last_id.into()),
    ]))
}

fn values(call: &Call) -> Result<Value, Failure> {
    let list = call
        .get("args")
        .map(|v| Value::List(v.items.iter().map(typed).collect()));
    match (list, call.named.is_empty()) {
        (list, true) => Ok(list.unwrap_or(Value::Null)),
        (None, false) => Ok(Value::Map(
            call.named
                .iter()
                .map(|p| (p.key.to_string(), named(p.value.items.first())))
                .collect(),
        )),
        (Some(_), false) => Err(call.wrong("values are either args or named")),
    }
}

fn named(item: Option<&crate::script::Word>) -> Value {
    item.map_or_else(|| "".into(), typed)
}
