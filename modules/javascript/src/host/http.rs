//! HTTP: a function for each common method, and `http_fetch` for all that a request can have.

use henge_guest::{http, Value};
use rquickjs::Ctx;

use super::function::{define as function, Returned};

pub fn define(ctx: &Ctx) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    for (name, method) in [("http_get", "GET"), ("http_delete", "DELETE")] {
        function(&globals, name, 1..=2, move |mut args| {
            let url = args.text(0, "the URL")?;
            request(method, url, Value::Null, args.value(1))
        })?;
    }
    for (name, method) in [("http_post", "POST"), ("http_put", "PUT")] {
        function(&globals, name, 2..=3, move |mut args| {
            let url = args.text(0, "the URL")?;
            request(method, url, args.value(1), args.value(2))
        })?;
    }
    function(&globals, "http_fetch", 1..=1, |mut args| {
        http::fetch_value(&Value::Map(args.map(0, "requests")?))
    })
}

fn request(method: &str, url: String, body: Value, headers: Value) -> Returned {
    let mut request = vec![
        ("method".to_owned(), method.into()),
        ("url".to_owned(), url.into()),
    ];
    for (name, value) in [("headers", headers), ("body", body)] {
        if value != Value::Null {
            request.push((name.to_owned(), value));
        }
    }
    http::fetch_value(&Value::Map(request))
}
