//! What the circle keeps: its database, its small values, and who may see them.

use henge_guest::{circle, kv, sql, Value};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, INT};

use super::value::{from_bytes, to_bytes, to_count, to_host, to_map, to_script};
use super::{thrown, Returned};
use crate::engine::MAX_ARRAY;

pub fn register(engine: &mut Engine) {
    engine.register_fn("sql_query", |sql: &str| query(sql, Dynamic::UNIT, None));
    engine.register_fn("sql_query", |sql: &str, args: Dynamic| {
        query(sql, args, None)
    });
    engine.register_fn("sql_query", |sql: &str, args: Dynamic, most: INT| {
        query(sql, args, Some(most))
    });
    engine.register_fn("sql_exec", |sql: &str| exec(sql, Dynamic::UNIT));
    engine.register_fn("sql_exec", exec);

    engine.register_fn("kv_get", |key: Dynamic| -> Returned {
        let value = kv::get(&to_bytes("a key", &key)?).map_err(thrown)?;
        Ok(value.map_or(Dynamic::UNIT, from_bytes))
    });
    engine.register_fn("kv_set", |key: Dynamic, value: Dynamic| {
        set(key, value, None)
    });
    engine.register_fn("kv_set", |key: Dynamic, value: Dynamic, ttl_ms: INT| {
        set(key, value, Some(ttl_ms))
    });
    engine.register_fn("kv_delete", |key: Dynamic| {
        kv::delete(&to_bytes("a key", &key)?).map_err(thrown)
    });
    engine.register_fn("kv_list", || list(Dynamic::from("")));
    engine.register_fn("kv_list", list);
    engine.register_fn("kv_list", page);

    engine.register_fn("role", || circle::role().map_err(thrown));
    engine.register_fn("publish", |kind: &str, name: &str| {
        circle::publish(kind, name).map_err(thrown)
    });
    engine.register_fn("unpublish", |kind: &str, name: &str| {
        circle::unpublish(kind, name).map_err(thrown)
    });
}

/// Rows as maps. All of them, unless the script says how many it wants at most: part of an answer
/// that looks like all of it would be found too late.
fn query(sql: &str, args: Dynamic, most: Option<INT>) -> Returned {
    let max_rows = match most {
        Some(most) => to_count("the number of rows", most)?,
        None => MAX_ARRAY as u32,
    };
    let found = sql::query(sql, &to_host(&args)?, Some(max_rows)).map_err(thrown)?;
    if found.more && most.is_none() {
        return Err(too_many(
            "rows",
            "add a LIMIT, or say as the third argument how many you want",
        ));
    }
    let row = |row: Vec<Value>| to_map(found.columns.iter().cloned().zip(row)).into();
    Ok(Dynamic::from_array(
        found.rows.into_iter().map(row).collect(),
    ))
}

fn exec(sql: &str, args: Dynamic) -> Returned {
    let done = sql::exec(sql, &to_host(&args)?).map_err(thrown)?;
    Ok(Map::from([
        ("changes".into(), done.changes.into()),
        ("last_id".into(), done.last_id.into()),
    ])
    .into())
}

fn set(key: Dynamic, value: Dynamic, ttl_ms: Option<INT>) -> Result<(), Box<EvalAltResult>> {
    let ttl = ttl_ms
        .map(|n| to_count("the time to live", n))
        .transpose()?;
    kv::set(&to_host(&key)?, &to_host(&value)?, ttl).map_err(thrown)
}

/// All keys that begin with a prefix.
fn list(prefix: Dynamic) -> Returned {
    let prefix = to_host(&prefix)?;
    let mut all = Array::new();
    let mut after = None;
    loop {
        let page = kv::list(&prefix, after.as_ref(), None).map_err(thrown)?;
        after = page.keys.last().cloned();
        all.extend(page.keys.into_iter().map(to_script));
        if all.len() > MAX_ARRAY {
            return Err(too_many(
                "keys",
                "ask for them with kv_list(prefix, after, limit)",
            ));
        }
        if !page.more || after.is_none() {
            return Ok(Dynamic::from_array(all));
        }
    }
}

/// At most `limit` keys that begin with a prefix and come after another; `()` begins with the first.
fn page(prefix: Dynamic, after: Dynamic, limit: INT) -> Returned {
    let after = (!after.is_unit()).then(|| to_host(&after)).transpose()?;
    let limit = to_count("the number of keys", limit)?;
    let page = kv::list(&to_host(&prefix)?, after.as_ref(), Some(limit)).map_err(thrown)?;
    Ok(Dynamic::from_array(
        page.keys.into_iter().map(to_script).collect(),
    ))
}

fn too_many(what: &str, way_out: &str) -> Box<EvalAltResult> {
    thrown(henge_guest::Error::new(
        henge_guest::Code::TooLarge,
        format!(
            "there are more than {MAX_ARRAY} {what}, and an array has no room for them: {way_out}"
        ),
    ))
}
