//! What the circle keeps: its database, its small values, and who may see them.

use henge_guest::{circle, kv, sql, Code, Error, Value};

use crate::args::Args;
use crate::function::{Function, Returned};

/// The most rows or keys that come without a word of how many are wanted.
const MOST: usize = 10_000;

pub(crate) fn add(all: &mut Vec<Function>) {
    all.push(Function::new("sql_query", 1..=3, query));
    all.push(Function::new("sql_exec", 1..=2, |mut args| {
        let done = sql::exec(&args.text(0, "a statement")?, &args.value(1))?;
        Ok(Value::Map(vec![
            ("changes".into(), done.changes.into()),
            ("last_id".into(), done.last_id.into()),
        ]))
    }));
    all.push(Function::new("kv_get", 1..=1, |mut args| {
        let value = kv::get(&args.bytes(0, "a key")?)?;
        Ok(value.map_or(Value::Null, text_or_bytes))
    }));
    all.push(Function::new("kv_set", 2..=3, |mut args| {
        let ttl = args.amount(2, "the time to live")?;
        kv::set(&args.value(0), &args.value(1), ttl)?;
        Ok(Value::Null)
    }));
    all.push(Function::new("kv_delete", 1..=1, |mut args| {
        kv::delete(&args.bytes(0, "a key")?)?;
        Ok(Value::Null)
    }));
    all.push(Function::new("kv_list", 0..=3, list));
    all.push(Function::new("role", 0..=0, |_| Ok(circle::role()?.into())));
    for (name, change) in [
        ("publish", circle::publish as fn(&str, &str) -> _),
        ("unpublish", circle::unpublish),
    ] {
        all.push(Function::new(name, 2..=2, move |mut args| {
            change(&args.text(0, "the kind")?, &args.text(1, "the name")?)?;
            Ok(Value::Null)
        }));
    }
}

/// Rows as maps. All of them, unless the script says how many it wants at most: part of an answer
/// that looks like all of it would be found too late.
fn query(mut args: Args) -> Returned {
    let most = args.amount(2, "the number of rows")?;
    let max_rows = most.unwrap_or(MOST as u32);
    let statement = args.text(0, "a statement")?;
    let found = sql::query(&statement, &args.value(1), Some(max_rows))?;
    if found.more && most.is_none() {
        return Err(too_many(
            "rows",
            "add a LIMIT, or say as the third argument how many you want",
        ));
    }
    let row = |row: Vec<Value>| Value::Map(found.columns.iter().cloned().zip(row).collect());
    Ok(Value::List(found.rows.into_iter().map(row).collect()))
}

/// Keys that begin with a prefix: all, or at most so many that come after another.
fn list(mut args: Args) -> Returned {
    let paged = args.count() > 1;
    let limit = args.amount(2, "the number of keys")?;
    let prefix = match args.value(0) {
        Value::Null => "".into(),
        prefix => prefix,
    };
    let mut after = Some(args.value(1)).filter(|after| *after != Value::Null);
    let mut all = Vec::new();
    loop {
        let page = kv::list(&prefix, after.as_ref(), limit)?;
        after = page.keys.last().cloned();
        all.extend(page.keys);
        if paged || !page.more || after.is_none() {
            return Ok(Value::List(all));
        }
        if all.len() > MOST {
            return Err(too_many(
                "keys",
                "ask for them with kv_list(prefix, after, limit)",
            ));
        }
    }
}

fn text_or_bytes(bytes: Vec<u8>) -> Value {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(e) => e.into_bytes().into(),
    }
}

fn too_many(what: &str, way_out: &str) -> Error {
    let message = format!("there are more than {MOST} {what}: {way_out}");
    Error::new(Code::TooLarge, message)
}
