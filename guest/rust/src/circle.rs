//! `henge_circle_v1`: what the caller is to the circle, and what everybody may read of it.

use crate::call::{imports, no_reply, reply};
use crate::cbor::Writer;
use crate::error::{Code, Error, Result};

mod host {
    super::imports!("henge_circle_v1": role, publish, unpublish);
}

/// What the caller is to the circle: `owner`, `admin`, `writer`, `reader` or `stranger`.
///
/// # Errors
///
/// `unavailable` if the host cannot find out now.
pub fn role() -> Result<String> {
    String::from_utf8(reply(host::role, &[])?)
        .map_err(|_| Error::new(Code::Internal, "a role that is no text"))
}

/// Lets everybody read a `table` or the keys with a `prefix`, which is what `kind` says. Part of
/// the same transaction as [`sql`](crate::sql).
///
/// # Errors
///
/// `access_denied` for a caller who is neither the owner nor an admin.
pub fn publish(kind: &str, name: &str) -> Result<()> {
    no_reply(host::publish, publication(kind, name).as_bytes())
}

/// Takes back what [`publish`] did.
///
/// # Errors
///
/// As [`publish`].
pub fn unpublish(kind: &str, name: &str) -> Result<()> {
    no_reply(host::unpublish, publication(kind, name).as_bytes())
}

fn publication(kind: &str, name: &str) -> Writer {
    let mut request = Writer::with_capacity(64);
    request.map(2);
    request.text("kind").text(kind).text("name").text(name);
    request
}
