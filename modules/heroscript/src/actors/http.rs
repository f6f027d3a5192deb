//! HTTP: an action for each common method, and `fetch` for any.

use henge_guest::{http, Failure, Value};

use super::Entry;
use crate::call::{Answer, Call};

pub const ACTIONS: &[Entry] = &[
    Entry {
        name: "get",
        takes: "url [headers] [timeout_ms] [max_body]",
        run: |_, call| fetch("GET", call),
    },
    Entry {
        name: "delete",
        takes: "url [headers] [timeout_ms] [max_body]",
        run: |_, call| fetch("DELETE", call),
    },
    Entry {
        name: "post",
        takes: "url body [headers] [timeout_ms] [max_body]",
        run: |_, call| fetch("POST", call),
    },
    Entry {
        name: "put",
        takes: "url body [headers] [timeout_ms] [max_body]",
        run: |_, call| fetch("PUT", call),
    },
    Entry {
        name: "fetch",
        takes: "url [method] [headers] [body] [timeout_ms] [max_body]",
        run: |_, call| fetch(call.text("method"), call),
    },
];

fn fetch(method: &str, call: &Call) -> Answer {
    let response = http::fetch(&http::Request {
        url: call.text("url").into(),
        method: method.to_ascii_uppercase(),
        headers: headers(call)?,
        body: call.get("body").map_or(Value::Null, |v| (*v.text).into()),
        timeout_ms: call.count("timeout_ms")?,
        max_body: call.count("max_body")?,
    })?;
    let headers = response.headers.into_iter().map(|(k, v)| (k, v.into()));
    Ok(Value::Map(vec![
        ("status".into(), response.status.into()),
        ("headers".into(), Value::Map(headers.collect())),
        ("body".into(), response.body),
    ]))
}

/// Headers as they are written in HTTP, one a line.
fn headers(call: &Call) -> Result<Vec<(String, String)>, Failure> {
    let lines = call
        .text("headers")
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty());
    lines
        .map(|line| match line.split_once(':') {
            Some((name, value)) => Ok((name.trim().into(), value.trim().into())),
            None => Err(call.wrong(format!(
                "a header is written Name: value, and not {line:.80?}"
            ))),
        })
        .collect()
}
