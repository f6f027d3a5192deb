//! `henge_kv_v1`: small values of the circle, kept in the same transaction as
//! [`sql`](crate::sql).

use crate::call::{self, fields, imports, no_reply, reply};
use crate::cbor::{Reader, Writer};
use crate::error::{Code, Result};
use crate::value::Value;

mod host {
    super::imports!("henge_kv_v1": get, set, delete, list);
}

/// Keys in the order of their bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    /// Each a text, or bytes that are none.
    pub keys: Vec<Value>,
    /// Whether there are others: ask again, after the last of these.
    pub more: bool,
}

/// The value of a key; `None` if it has none.
///
/// # Errors
///
/// `access_denied` for a caller who may not read it.
pub fn get(key: &[u8]) -> Result<Option<Vec<u8>>> {
    match reply(host::get, key) {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.code == Code::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Gives a key a value, for `ttl_ms` milliseconds or until it is deleted. Both are a text or bytes.
///
/// # Errors
///
/// `access_denied` for a caller who may not write, `too_large`.
pub fn set(key: &Value, value: &Value, ttl_ms: Option<u32>) -> Result<()> {
    let mut request = Writer::with_capacity(64);
    request.map(2 + usize::from(ttl_ms.is_some())).text("key");
    key.write(&mut request);
    request.text("value");
    value.write(&mut request);
    if let Some(ttl) = ttl_ms {
        request.text("ttl_ms").uint(ttl.into());
    }
    no_reply(host::set, request.as_bytes())
}

/// Deletes a key. One that is not there is no error.
///
/// # Errors
///
/// `access_denied` for a caller who may not write.
pub fn delete(key: &[u8]) -> Result<()> {
    match no_reply(host::delete, key) {
        Err(e) if e.code == Code::NotFound => Ok(()),
        result => result,
    }
}

/// The keys that begin with `prefix` and come after `after`, at most `limit`, and without it as
/// many as the host gives at once.
///
/// # Errors
///
/// `access_denied` for a caller who may not read them.
pub fn list(prefix: &Value, after: Option<&Value>, limit: Option<u32>) -> Result<Keys> {
    let mut request = Writer::with_capacity(64);
    let optional = usize::from(after.is_some()) + usize::from(limit.is_some());
    request.map(1 + optional).text("prefix");
    prefix.write(&mut request);
    if let Some(after) = after {
        request.text("after");
        after.write(&mut request);
    }
    if let Some(limit) = limit {
        request.text("limit").uint(limit.into());
    }
    parse_keys(&reply(host::list, request.as_bytes())?)
}

fn parse_keys(cbor: &[u8]) -> Result<Keys> {
    let mut keys = Keys::default();
    fields(&mut Reader::new(cbor), |name, r| {
        match name {
            "keys" => keys.keys = call::list(r, Value::read)?,
            "more" => keys.more = r.bool()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_keys() {
        let mut w = Writer::new();
        w.map(2).text("more").bool(false);
        w.text("keys").array(2).text("a").bytes(&[0xff]);
        let want = Keys {
            keys: vec!["a".into(), vec![0xffu8].into()],
            more: false,
        };
        assert_eq!(parse_keys(w.as_bytes()).unwrap(), want);
    }
}
