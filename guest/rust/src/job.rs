//! `henge_job_v1`: the job's payload, its identity, its result and its end.

use crate::call::{call_fixed, call_into, imports};
use crate::cbor::{Reader, Writer};
use crate::error::Result;
use crate::failure::Failure;

mod host {
    super::imports!("henge_job_v1": input, meta, output, progress, fail);
}

/// What the host says about the job. No part of it can be set by the script or its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The job's id.
    pub id: String,
    /// The circle whose data the job works with.
    pub circle: String,
    /// Who submitted the job; empty if nobody is known.
    pub caller: String,
    /// The job's type, such as `rhai`; `type` in the contract.
    pub kind: String,
    /// The queue protocol by which the job came.
    pub dialect: String,
    /// 1 for the first attempt.
    pub attempt: u64,
    /// When the job must be done, in milliseconds since 1970; 0 if there is no deadline.
    pub deadline_ms: i64,
    /// The variables that the job was submitted with.
    pub env: Vec<(String, String)>,
    /// The job's budgets by name, those that are whole numbers.
    pub limits: Vec<(String, i64)>,
}

/// The job's payload: a script for an engine, arguments for a runner.
///
/// # Errors
///
/// `too_large` if the payload exceeds what this module may read.
pub fn input() -> Result<Vec<u8>> {
    let mut payload = Vec::new();
    input_into(&mut payload)?;
    Ok(payload)
}

/// The job's payload in a buffer that the module made before, in `henge_init` for example, so that
/// an ordinary job crosses into the host once and allocates nothing.
///
/// # Errors
///
/// As [`input`].
pub fn input_into(payload: &mut Vec<u8>) -> Result<()> {
    // SAFETY: the import keeps the calling convention, as the contract promises.
    unsafe { call_into(host::input, &[], payload) }
}

/// The job's identity and limits.
///
/// # Errors
///
/// `type_error` or `invalid_argument` if the host's reply cannot be understood.
pub fn meta() -> Result<Meta> {
    let mut reply = Vec::with_capacity(1024);
    // SAFETY: as in input_into().
    unsafe { call_into(host::meta, &[], &mut reply) }?;
    parse_meta(&reply)
}

/// Whose job it is: the two members of [`Meta`] that most engines want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// As in [`Meta`].
    pub circle: &'a str,
    /// As in [`Meta`].
    pub caller: &'a str,
}

/// The job's identity alone, which it reads in place from a buffer that the module made before:
/// it takes a tenth of the work of [`meta`].
///
/// # Errors
///
/// As [`meta`].
pub fn identity(reply: &mut Vec<u8>) -> Result<Identity<'_>> {
    // SAFETY: as in input_into().
    unsafe { call_into(host::meta, &[], reply) }?;
    parse_identity(reply)
}

/// Appends to the job's result. May be called any number of times.
///
/// # Errors
///
/// `too_large` when the result exceeds the job's limit; what was appended before stays.
pub fn output(bytes: &[u8]) -> Result<()> {
    // SAFETY: as in input_into().
    unsafe { call_fixed(host::output, bytes, &mut []) }.map(drop)
}

/// Tells whoever watches the job how far it is: `done` of `total`, in units of the module's own.
///
/// # Errors
///
/// `invalid_argument` for a number that is not finite, `limit` when the job's host calls are used
/// up.
pub fn progress(done: f64, total: Option<f64>, text: Option<&str>) -> Result<()> {
    let mut request = Writer::with_capacity(64);
    request.map(1 + usize::from(total.is_some()) + usize::from(text.is_some()));
    request.text("done").float(done);
    if let Some(total) = total {
        request.text("total").float(total);
    }
    if let Some(text) = text {
        request.text("text").text(text);
    }
    // SAFETY: as in input_into().
    unsafe { call_fixed(host::progress, request.as_bytes(), &mut []) }.map(drop)
}

/// Says why the job fails. The module then returns from `henge_run` with a number that is not
/// zero; [`export!`](crate::export!) does both for an `Err`.
///
/// # Errors
///
/// `too_large` if the message or the data exceed what the host keeps.
pub fn fail(failure: &Failure) -> Result<()> {
    // SAFETY: as in input_into().
    unsafe { call_fixed(host::fail, &encode_failure(failure), &mut []) }.map(drop)
}

fn encode_failure(failure: &Failure) -> Vec<u8> {
    let Failure {
        message,
        code,
        data,
        retry,
    } = failure;
    let optional = [code.is_some(), data.is_some(), retry.is_some()];
    let mut request = Writer::with_capacity(message.len() + 64);
    request.map(1 + optional.iter().filter(|there| **there).count());
    request.text("message").text(message);
    if let Some(code) = code {
        request.text("code").text(code);
    }
    if let Some(data) = data {
        request.text("data").encoded(data);
    }
    if let Some(retry) = retry {
        request.text("retry").bool(*retry);
    }
    request.into_bytes()
}

/// Reads no further than it has to.
fn parse_identity(cbor: &[u8]) -> Result<Identity<'_>> {
    let (mut circle, mut caller) = (None, None);
    let mut r = Reader::new(cbor);
    for _ in 0..r.map()? {
        match r.text()? {
            "circle" => circle = Some(r.text()?),
            "caller" => caller = Some(r.text()?),
            _ => r.skip()?,
        }
        if circle.is_some() && caller.is_some() {
            break;
        }
    }
    Ok(Identity {
        circle: circle.unwrap_or_default(),
        caller: caller.unwrap_or_default(),
    })
}

/// Reads the members that this version knows and skips the others, so that a newer host can add
/// some.
fn parse_meta(cbor: &[u8]) -> Result<Meta> {
    let mut meta = Meta::default();
    let mut r = Reader::new(cbor);
    for _ in 0..r.map()? {
        match r.text()? {
            "id" => meta.id = r.text()?.to_owned(),
            "circle" => meta.circle = r.text()?.to_owned(),
            "caller" => meta.caller = r.text()?.to_owned(),
            "type" => meta.kind = r.text()?.to_owned(),
            "dialect" => meta.dialect = r.text()?.to_owned(),
            "attempt" => meta.attempt = r.uint()?,
            "deadline_ms" => meta.deadline_ms = r.int()?,
            "env" if r.null() => {}
            "env" => {
                for _ in 0..r.map()? {
                    meta.env.push((r.text()?.to_owned(), r.text()?.to_owned()));
                }
            }
            "limits" if r.null() => {}
            "limits" => {
                for _ in 0..r.map()? {
                    let name = r.text()?;
                    match r.int() {
                        Ok(value) => meta.limits.push((name.to_owned(), value)),
                        Err(_) => r.skip()?,
                    }
                }
            }
            _ => r.skip()?,
        }
    }
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn meta_is_read_and_what_is_unknown_skipped() {
        let mut w = Writer::new();
        w.map(10).text("id").text("j1").text("circle").text("02ab");
        w.text("caller").text("03cd").text("type").text("rhai");
        w.text("dialect").text("hero").text("attempt").uint(2);
        w.text("deadline_ms").int(1_700_000_000_000);
        w.text("new").array(2).bool(true).map(0);
        w.text("env").map(1).text("A").text("b");
        w.text("limits").map(2).text("fuel").int(9);
        w.text("ratio").encoded(&[0xf9, 0x3c, 0x00]);
        let meta = parse_meta(w.as_bytes()).unwrap();
        let want = Meta {
            id: "j1".into(),
            circle: "02ab".into(),
            caller: "03cd".into(),
            kind: "rhai".into(),
            dialect: "hero".into(),
            attempt: 2,
            deadline_ms: 1_700_000_000_000,
            env: vec![("A".into(), "b".into())],
            limits: vec![("fuel".into(), 9)],
        };
        assert_eq!(meta, want);
        let want = Identity {
            circle: "02ab",
            caller: "03cd",
        };
        assert_eq!(parse_identity(w.as_bytes()).unwrap(), want);
    }

    #[test]
    fn an_identity_without_a_member_has_it_empty() {
        let mut w = Writer::new();
        w.map(2).text("caller").text("03cd").text("new").array(0);
        let want = Identity {
            circle: "",
            caller: "03cd",
        };
        assert_eq!(parse_identity(w.as_bytes()).unwrap(), want);
        assert_eq!(parse_identity(&[0x80]).unwrap_err().code, Code::TypeError);
    }

    #[test]
    fn meta_that_is_no_map_is_an_error() {
        assert_eq!(parse_meta(&[0x80]).unwrap_err().code, Code::TypeError);
        assert_eq!(parse_meta(&[]).unwrap_err().code, Code::InvalidArgument);
    }

    #[test]
    fn a_failure_carries_only_what_it_has() {
        assert_eq!(
            encode_failure(&Failure::new("no")),
            b"\xa1\x67message\x62no"
        );
        let full = Failure {
            data: Some(vec![0x01]),
            ..Failure::new("no").with_code("c").with_retry(false)
        };
        assert_eq!(
            encode_failure(&full),
            b"\xa4\x67message\x62no\x64code\x61c\x64data\x01\x65retry\xf4"
        );
    }

    #[test]
    fn without_a_host_every_call_is_unsupported() {
        assert_eq!(input().unwrap_err().code, Code::Unsupported);
        assert_eq!(meta().unwrap_err().code, Code::Unsupported);
        assert_eq!(output(b"x").unwrap_err().code, Code::Unsupported);
        assert_eq!(
            progress(1.0, None, None).unwrap_err().code,
            Code::Unsupported
        );
        assert_eq!(fail(&Failure::new("")).unwrap_err().code, Code::Unsupported);
    }
}
