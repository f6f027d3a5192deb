//! HTTP: a function for each common method, and `http_fetch` for all that a request can have.

use henge_guest::{http, Value};
use rhai::{Dynamic, Engine, Map};

use super::value::{to_host, to_script};
use super::{thrown, Returned};

pub fn register(engine: &mut Engine) {
    for (name, method) in [("http_get", "GET"), ("http_delete", "DELETE")] {
        engine.register_fn(name, move |url: &str| bare(method, url, Map::new()));
        engine.register_fn(name, move |url: &str, headers: Map| {
            bare(method, url, headers)
        });
    }
    for (name, method) in [("http_post", "POST"), ("http_put", "PUT")] {
        engine.register_fn(name, move |url: &str, body: Dynamic| {
            with_body(method, url, body, Map::new())
        });
        engine.register_fn(name, move |url: &str, body: Dynamic, headers: Map| {
            with_body(method, url, body, headers)
        });
    }
    engine.register_fn("http_fetch", |request: Map| fetch(request.into()));
}

fn bare(method: &str, url: &str, headers: Map) -> Returned {
    with_body(method, url, Dynamic::UNIT, headers)
}

fn with_body(method: &str, url: &str, body: Dynamic, headers: Map) -> Returned {
    let mut request = Map::from([
        ("method".into(), method.into()),
        ("url".into(), url.into()),
    ]);
    if !headers.is_empty() {
        request.insert("headers".into(), headers.into());
    }
    if !body.is_unit() {
        request.insert("body".into(), body);
    }
    fetch(request.into())
}

fn fetch(request: Dynamic) -> Returned {
    let request: Value = to_host(&request)?;
    http::fetch_value(&request).map(to_script).map_err(thrown)
}
