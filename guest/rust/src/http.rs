//! `henge_http_v1`: requests to hosts that the operator allows.

use crate::call::{fields, imports, reply, texts};
use crate::cbor::{Reader, Writer};
use crate::error::{Code, Error, Result};
use crate::value::Value;

mod host {
    super::imports!("henge_http_v1": fetch);
}

/// What is asked for. What is empty is left to the host: GET, no body, its own limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// GET, POST and so on.
    pub method: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// A text or bytes; [`Value::Null`] for none.
    pub body: Value,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u32>,
    /// How many bytes the reply's body may have.
    pub max_body: Option<u32>,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The status. One of 400 or more is no error.
    pub status: i64,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// A text, or bytes that are none.
    pub body: Value,
}

/// Makes a request.
///
/// # Errors
///
/// `access_denied` for a host that is not allowed, `timeout`, `too_large`, `unavailable`.
pub fn fetch(request: &Request) -> Result<Response> {
    parse_response(&reply(host::fetch, encode(request).as_bytes())?)
}

/// The same with request and reply as maps, for an engine whose scripts have them as such: the host
/// says what is wrong with a request.
///
/// # Errors
///
/// As [`fetch`], and `invalid_argument`.
pub fn fetch_value(request: &Value) -> Result<Value> {
    let mut encoded = Writer::new();
    request.write(&mut encoded);
    Value::read(&mut Reader::new(&reply(host::fetch, encoded.as_bytes())?))
}

/// The same for a request that is a map in JSON or CBOR already, as a runner's payload may be. The
/// reply comes in the same.
///
/// # Errors
///
/// As [`fetch_value`].
pub fn fetch_encoded(request: &[u8]) -> Result<Vec<u8>> {
    reply(host::fetch, request)
}

fn encode(request: &Request) -> Writer {
    let Request {
        url,
        method,
        headers,
        body,
        timeout_ms,
        max_body,
    } = request;
    let optional = [
        !method.is_empty(),
        !headers.is_empty(),
        *body != Value::Null,
        timeout_ms.is_some(),
        max_body.is_some(),
    ];
    let mut w = Writer::with_capacity(256);
    w.map(1 + optional.iter().filter(|there| **there).count());
    w.text("url").text(url);
    if !method.is_empty() {
        w.text("method").text(method);
    }
    texts(&mut w, "headers", headers);
    if *body != Value::Null {
        w.text("body");
        body.write(&mut w);
    }
    for (name, number) in [("timeout_ms", timeout_ms), ("max_body", max_body)] {
        if let Some(number) = number {
            w.text(name).uint((*number).into());
        }
    }
    w
}

fn parse_response(cbor: &[u8]) -> Result<Response> {
    let mut response = Response::default();
    fields(&mut Reader::new(cbor), |name, r| {
        match name {
            "status" => response.status = r.int()?,
            "headers" if r.null() => {}
            "headers" => {
                for _ in 0..r.map()? {
                    let name = r.text()?.to_owned();
                    response.headers.push((name, r.text()?.to_owned()));
                }
            }
            "body" => response.body = Value::read(r)?,
            _ => {}
        }
        Ok(())
    })?;
    if response.status == 0 {
        return Err(Error::new(Code::Internal, "a response without a status"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_carries_only_what_it_has() {
        let mut request = Request {
            url: "u".into(),
            ..Request::default()
        };
        assert_eq!(encode(&request).as_bytes(), b"\xa1\x63url\x61u");
        request.headers.push(("a".into(), "b".into()));
        request.max_body = Some(9);
        let want = b"\xa3\x63url\x61u\x67headers\xa1\x61a\x61b\x68max_body\x09";
        assert_eq!(encode(&request).as_bytes(), want);
    }

    #[test]
    fn reads_a_response() {
        let mut w = Writer::new();
        w.map(3).text("status").int(404).text("body").text("no");
        w.text("headers").map(1).text("a").text("b");
        let want = Response {
            status: 404,
            headers: vec![("a".into(), "b".into())],
            body: "no".into(),
        };
        assert_eq!(parse_response(w.as_bytes()).unwrap(), want);
        assert_eq!(parse_response(&[0xa0]).unwrap_err().code, Code::Internal);
    }
}
