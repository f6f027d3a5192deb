//! HTTP: a function for each common method, and `http_fetch` for all that a request can have.

use henge_guest::{http, Value};

use crate::function::{Function, Returned};

pub(crate) fn add(all: &mut Vec<Function>) {
    for (name, method) in [("http_get", "GET"), ("http_delete", "DELETE")] {
        all.push(Function::new(name, 1..=2, move |mut args| {
            let url = args.text(0, "the URL")?;
            request(method, url, Value::Null, args.value(1))
        }));
    }
    for (name, method) in [("http_post", "POST"), ("http_put", "PUT")] {
        all.push(Function::new(name, 2..=3, move |mut args| {
            let url = args.text(0, "the URL")?;
            request(method, url, args.value(1), args.value(2))
        }));
    }
    all.push(Function::new("http_fetch", 1..=1, |mut args| {
        http::fetch_value(&Value::Map(args.map(0, "requests")?))
    }));
}

fn request(method: &str, url: String, body: Value, headers: Value) -> Returned {
    let mut request = vec![("method".into(), method.into()), ("url".into(), url.into())];
    for (name, value) in [("headers", headers), ("body", body)] {
        if value != Value::Null {
            request.push((name.into(), value));
        }
    }
    http::fetch_value(&Value::Map(request))
}
